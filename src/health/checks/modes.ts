import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const modes: Check = {
  name: 'modes',
  section: 'Shared Memory',
  look({ openToOthers, closedToUs, root }) {
    if (closedToUs.length > 0) {
      const places = `"${root}/shared_memory" "${root}/bridge/memory"`
      const open = `chmod -R u+rwX ${places}`
      const text = `This user cannot read or write ${someOf(closedToUs.map(({ path }) => path))}`
      if (closedToUs.every(({ isOwn }) => isOwn)) return { level: 'bad', text, wayOut: `it is closed to its own user: ${open}` }
      const after = closedToUs.some(({ isOwn }) => isOwn) ? `; then ${open}` : ''
      return {
        level: 'bad',
        text,
        wayOut: `somebody else made it, as root perhaps. As the user to whom the root belongs: sudo chown -R "$(id -un)" ${places}${after}`,
      }
    }
    if (openToOthers.length === 0) return { level: 'ok', text: 'Our folder is closed to other users, and open to this one' }
    return {
      level: 'warn',
      text: `Other users can open what is ours: ${someOf(openToOthers)}`,
      wayOut: 'memory_sync health --fix closes it (0700 and 0600)',
    }
  },
}
