import type { Check } from '../check.js'

export const root: Check = {
  name: 'root',
  section: 'Shared Memory',
  look({ notWritable, root: path }) {
    if (notWritable === null) return { level: 'ok', text: `Root takes writes (${path})` }
    return { level: 'bad', text: `Root takes no writes: ${notWritable}`, wayOut: 'mend its permissions or free space; every write is refused until then' }
  },
}
