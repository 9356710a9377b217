import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

/** A program that put a string where a hash of ours belongs: nothing is read from there, and nothing overwritten. */
export const redisKeys: Check = {
  name: 'redis-keys',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Keys in Redis: no connection to look at' }
    const { foreignKeys } = redis
    if (foreignKeys.length === 0) return { level: 'ok', text: 'Keys in Redis are of the types that they should be' }
    return {
      level: 'bad',
      text: `Keys of ours hold values of another type: ${someOf(foreignKeys)}`,
      wayOut: 'find the program that writes there, and rename the key (RENAME); what belongs there is then put back',
    }
  },
}
