import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const secrets: Check = {
  name: 'secrets',
  section: 'Redis',
  look({ secrets: files }) {
    if (files === null) return { level: 'off', text: 'Secrets: no file has one' }
    if (files.open.length === 0) return { level: 'ok', text: 'Secrets are closed to other users' }
    return { level: 'bad', text: `Other users can read what may hold a password: ${someOf(files.open)}`, wayOut: 'chmod go= on each of them; then change the password' }
  },
}
