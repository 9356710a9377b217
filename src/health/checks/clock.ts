import { formatTime } from '../../domain/time.js'
import type { Check } from '../check.js'

/** Clocks of machines that are kept right differ by less. */
const WARN_SKEW_MS = 5_000
/** A write is never ahead of the clock, but for a millisecond a write. */
const WARN_AHEAD_MS = 60_000

export const clock: Check = {
  name: 'clock',
  section: 'Recent Activity',
  look({ now, newestT, redis }) {
    if (newestT > now + WARN_AHEAD_MS) {
      return {
        level: 'warn',
        text: `The clock went back: the newest write is of ${formatTime(newestT, 0)}, and now it is ${formatTime(now, 0)}`,
        wayOut: 'set the clock of this machine right; until it is, later writes count as a little newer than that one',
      }
    }
    const skewMs = redis?.skewMs ?? 0
    if (Math.abs(skewMs) > WARN_SKEW_MS) {
      return {
        level: 'warn',
        text: `The clock of this machine is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} that of Redis`,
        wayOut: 'let both machines keep their time (chrony, timedated); writes are ordered by the clock of Redis',
      }
    }
    return { level: 'ok', text: redis === null ? 'Clock agrees with the journal' : 'Clock agrees with Redis and the journal' }
  },
}
