import type { Check } from '../check.js'

export const journal: Check = {
  name: 'journal',
  section: 'Shared Memory',
  look({ journal: found }) {
    if (found === null) return { level: 'off', text: 'Journal: not known here, see what could not be looked at' }
    const { lines, unreadable } = found
    if (unreadable === 0) return { level: 'ok', text: `Journal readable (${lines} lines); the system syncs it to the disk within seconds, a power loss takes what it had not` }
    return {
      level: 'bad',
      text: `Journal has ${unreadable} unreadable line${unreadable === 1 ? '' : 's'} among ${lines}`,
      wayOut: 'memory_sync health --fix keeps a copy and goes on without them; a torn last line was never acknowledged, more is damage: look at the disk',
    }
  },
}
