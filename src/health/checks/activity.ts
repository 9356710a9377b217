import { formatTime } from '../../domain/time.js'
import type { Check } from '../check.js'

export const activity: Check = {
  name: 'activity',
  section: 'Recent Activity',
  look({ lastChange, history }) {
    if (history === null) return { level: 'bad', text: 'The history cannot be read', wayOut: 'see what could not be looked at, above' }
    if (history.unreadable > 0) {
      return {
        level: 'warn',
        text: `The history has ${history.unreadable} unreadable line${history.unreadable === 1 ? '' : 's'} among ${history.lines}`,
        wayOut:
          'the context itself is whole; log and watch --since leave these changes out, unless Redis still has them. memory_sync health --fix keeps a copy and goes on without these lines',
      }
    }
    if (lastChange === 'unseen') return { level: 'off', text: 'Last change: not known here, see what could not be looked at' }
    if (lastChange === null) return { level: 'off', text: 'Nothing was ever written' }
    return { level: 'ok', text: `Last change: ${lastChange.what} at ${formatTime(lastChange.t, 0)}` }
  },
}
