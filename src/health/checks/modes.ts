import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const modes: Check = {
  name: 'modes',
  section: 'Shared Memory',
  look({ openToOthers, closedToUs, root }) {
    if (closedToUs.length > 0) {
      return {
        level: 'bad',
        text: `This user cannot read or write ${someOf(closedToUs)}`,
        wayOut: `somebody else made it, as root perhaps. As the user to whom the root belongs: sudo chown -R "$(id -un)" "${root}/shared_memory" "${root}/bridge/memory"`,
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
