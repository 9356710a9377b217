import type { Check } from '../check.js'

/** Where a hub runs, it was given a second to get there before this is judged. */
export const fileLag: Check = {
  name: 'file-lag',
  section: 'Shared Memory',
  look({ file, own }) {
    if (file.is !== 'current') return { level: 'off', text: 'context.json lag: see above' }
    if (own.fileIsCurrent) return { level: 'ok', text: `context.json current (rev ${own.rev})` }
    return {
      level: 'bad',
      text: 'context.json is behind what is committed',
      wayOut: 'memory_sync health --fix, or start the hub',
    }
  },
}
