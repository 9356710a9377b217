import type { Check } from '../check.js'

export const inbox: Check = {
  name: 'inbox',
  section: 'Shared Memory',
  look({ inbox: { is, rejected } }) {
    if (is === 'absent') return { level: 'off', text: 'Inbox: there is none yet; the hub makes it' }
    if (is === 'inTheWay') {
      return {
        level: 'bad',
        text: 'bridge/memory/inbox is no folder: nothing can be dropped there',
        wayOut: 'move away what stands there; the hub, or memory_sync health --fix, makes the folder',
      }
    }
    if (rejected === 0) return { level: 'ok', text: 'No drop had to be rejected' }
    return {
      level: 'warn',
      text: `${rejected} drop${rejected === 1 ? '' : 's'} could not be taken, and ${rejected === 1 ? 'is' : 'are'} kept in bridge/memory/processed/rejected`,
      wayOut: "look there, and into the hub's log for the reasons; then drop them again, or move them away",
    }
  },
}
