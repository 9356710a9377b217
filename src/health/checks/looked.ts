import type { Check } from '../check.js'

/** What could not be looked at counts as broken: silence about it would be green. */
export const looked: Check = {
  name: 'looked',
  section: 'Shared Memory',
  look({ notSeen }) {
    const [first] = notSeen
    if (first === undefined) return { level: 'ok', text: 'Everything could be looked at' }
    const more = notSeen.length > 1 ? ` (and ${notSeen.length - 1} more)` : ''
    return {
      level: 'bad',
      text: `Not everything could be looked at: ${first}${more}`,
      wayOut: 'look at what stands there under shared_memory/.memory_sync, and at the disk',
    }
  },
}
