import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const leftovers: Check = {
  name: 'leftovers',
  section: 'Shared Memory',
  look({ leftovers: found }) {
    if (found.length === 0) return { level: 'ok', text: 'No unfinished files of ended processes' }
    return {
      level: 'warn',
      text: `Unfinished files of processes that have ended: ${someOf(found)}`,
      wayOut: 'memory_sync health --fix moves them away; nothing acknowledged is in them alone',
    }
  },
}
