import type { Check } from '../check.js'

/** With Redis there, pending writes are sent within a second or so. */
const OLD_MS = 10_000

export const pending: Check = {
  name: 'pending',
  section: 'Shared Memory',
  look({ own, oldestPendingMs, isOwnSeen }) {
    if (own.redis === 'off') return { level: 'off', text: 'Pending writes: none, as Redis is off' }
    if (!isOwnSeen) return { level: 'off', text: 'Pending writes: not known here, see what could not be looked at' }
    if (own.pending === 0) return { level: 'ok', text: 'No pending writes' }
    const count = `${own.pending} acknowledged write${own.pending === 1 ? ' is' : 's are'} not in Redis yet`
    if (own.redis === 'away') return { level: 'warn', text: count, wayOut: 'they are sent when Redis is back' }
    if ((oldestPendingMs ?? 0) < OLD_MS) return { level: 'warn', text: count, wayOut: 'they are being sent' }
    return { level: 'bad', text: `${count}, although Redis answers`, wayOut: 'memory_sync sync, or start the hub' }
  },
}
