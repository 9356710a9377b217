import type { Check } from '../check.js'

/** Where a hub runs, it was given a second to get there before this is judged. */
export const fileLag: Check = {
  name: 'file-lag',
  section: 'Shared Memory',
  look({ file, own, hub, isOwnSeen }) {
    if (!isOwnSeen) return { level: 'off', text: 'context.json lag: not known here, see what could not be looked at' }
    if (file.is !== 'current') return { level: 'off', text: 'context.json lag: see above' }
    if (own.fileIsCurrent) return { level: 'ok', text: `context.json current (rev ${own.rev})` }
    return {
      level: 'bad',
      text: 'context.json is behind what is committed',
      wayOut: hub.is === 'silent' ? 'the hub keeps it, and does not answer: see what is said of it, above' : 'memory_sync health --fix, or start the hub',
    }
  },
}
