import type { Check } from '../check.js'

/** A Redis that answers and takes no write (full, a replica, a disk that fails, an ACL) looks well from everywhere else. */
export const redisWrites: Check = {
  name: 'redis-writes',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Redis takes writes: no connection to try it on' }
    if (redis.refusesWrites === null) return { level: 'ok', text: 'Redis takes writes' }
    return {
      level: 'bad',
      text: `Redis takes no writes: ${redis.refusesWrites}`,
      wayOut: 'mend that in Redis; until then writes are kept in the journal of this machine, and sent afterwards',
    }
  },
}
