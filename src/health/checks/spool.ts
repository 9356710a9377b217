import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const spool: Check = {
  name: 'spool',
  section: 'Shared Memory',
  look({ spool: { rejected, strays } }) {
    if (strays.length > 0) {
      return {
        level: 'warn',
        text: `Nobody takes what is no file from .memory_sync/spool: ${someOf(strays)}${rejected === 0 ? '' : `; ${rejected} rejected`}`,
        wayOut: 'move it away; hooks put files there',
      }
    }
    if (rejected === 0) return { level: 'ok', text: 'No record of a hook had to be rejected' }
    return {
      level: 'warn',
      text: `${rejected} record${rejected === 1 ? '' : 's'} of hooks could not be taken, and ${rejected === 1 ? 'is' : 'are'} kept in .memory_sync/spool/rejected`,
      wayOut: 'look there for the reasons; record by hand what is missing (memory_sync record), then move them away',
    }
  },
}
