import { formatTime } from '../../domain/time.js'
import type { Check } from '../check.js'

export const activity: Check = {
  name: 'activity',
  section: 'Recent Activity',
  look({ lastChange, now }) {
    if (lastChange === null) return { level: 'off', text: 'Nothing was ever written' }
    const { t, what } = lastChange
    if (t > now + 60_000) {
      return {
        level: 'warn',
        text: `The last change is from the future (${formatTime(t, 0)}): a clock was set back`,
        wayOut: 'set the clock of this machine; later writes still win',
      }
    }
    return { level: 'ok', text: `Last change: ${what} at ${formatTime(t, 0)}` }
  },
}
