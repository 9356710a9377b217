import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const inbox: Check = {
  name: 'inbox',
  section: 'Shared Memory',
  look({ inbox: { is, rejected, strays } }) {
    if (is === 'absent') return { level: 'off', text: 'Inbox: there is none yet; the hub makes it' }
    if (is === 'inTheWay') {
      return {
        level: 'bad',
        text: 'bridge/memory/inbox is no folder: nothing can be dropped there',
        wayOut: 'move away what stands there; the hub, or memory_sync health --fix, makes the folder',
      }
    }
    if (strays.length > 0) {
      return {
        level: 'warn',
        text: `Nobody takes what is no file from bridge/memory/inbox: ${someOf(strays)}${rejected === 0 ? '' : `; ${rejected} rejected`}`,
        wayOut: 'move it away, and drop a file with a name of UTF-8 in its place',
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
