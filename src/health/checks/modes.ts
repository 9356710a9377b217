import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const modes: Check = {
  name: 'modes',
  section: 'Shared Memory',
  look({ openToOthers }) {
    if (openToOthers.length === 0) return { level: 'ok', text: 'Our folder is closed to other users' }
    return {
      level: 'warn',
      text: `Other users can open what is ours: ${someOf(openToOthers)}`,
      wayOut: 'memory_sync health --fix closes it (0700 and 0600)',
    }
  },
}
