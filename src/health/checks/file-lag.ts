import type { Check } from '../check.js'

export const fileLag: Check = {
  name: 'file-lag',
  section: 'Shared Memory',
  look({ file, own, hub }) {
    if (file.is !== 'current') return { level: 'off', text: 'context.json lag: see above' }
    if (own.fileIsCurrent) return { level: 'ok', text: `context.json current (rev ${own.rev})` }
    if (hub.is === 'running' && hub.status.rev !== own.rev) {
      return { level: 'warn', text: 'context.json is being brought up to date', wayOut: 'look again in a moment' }
    }
    return {
      level: 'bad',
      text: 'context.json is behind what is committed',
      wayOut: 'memory_sync health --fix, or start the hub',
    }
  },
}
