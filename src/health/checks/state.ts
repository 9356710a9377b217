import type { Check } from '../check.js'

export const state: Check = {
  name: 'state',
  section: 'Shared Memory',
  look({ stateBroken }) {
    if (stateBroken === null) return { level: 'ok', text: 'Saved state readable' }
    return {
      level: 'bad',
      text: `Saved state cannot be read: ${stateBroken}`,
      wayOut: 'the next write, or memory_sync health --fix, sets it aside and goes on from its last good copy, the journal and Redis',
    }
  },
}
