import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const leases: Check = {
  name: 'leases',
  section: 'Shared Memory',
  look({ brokenLeases }) {
    if (brokenLeases.length === 0) return { level: 'ok', text: 'Leases readable' }
    return {
      level: 'warn',
      text: `What this root keeps of leases cannot be read: ${someOf(brokenLeases)}`,
      wayOut: 'each counts as held for 15 minutes after its file was written; who acquires it then gets a higher fence, and writes it anew',
    }
  },
}
