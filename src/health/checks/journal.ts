import type { Check } from '../check.js'

export const journal: Check = {
  name: 'journal',
  section: 'Shared Memory',
  look({ journal: { lines, unreadable } }) {
    if (unreadable === 0) return { level: 'ok', text: `Journal readable (${lines} lines)` }
    return {
      level: 'bad',
      text: `Journal has ${unreadable} unreadable line${unreadable === 1 ? '' : 's'} among ${lines}`,
      wayOut: 'a torn last line was never acknowledged; more than that is damage: keep a copy of .memory_sync and look at the disk',
    }
  },
}
