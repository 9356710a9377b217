import type { Check } from '../check.js'

/** A user whom an ACL gives no channel (none has any since Redis 7, unless it is said) writes, and is granted leases; only nobody hears of it. */
export const redisChannels: Check = {
  name: 'redis-channels',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Redis tells of changes: no connection to try it on' }
    if (redis.refusesHints === null) return { level: 'ok', text: 'Redis tells of changes at once' }
    return {
      level: 'warn',
      text: `Redis does not tell of changes, and they are seen with the next look only: ${redis.refusesHints.why}`,
      wayOut: redis.refusesHints.wayOut,
    }
  },
}
