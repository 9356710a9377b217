import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

export const redisRecords: Check = {
  name: 'redis-records',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Records in Redis: no connection to look at' }
    const { unreadable } = redis
    if (unreadable.length === 0) return { level: 'ok', text: 'Records in Redis readable' }
    return {
      level: 'warn',
      text: `Not readable as records in Redis: ${someOf(unreadable)}`,
      wayOut: 'a record is a hash, its context a JSON object, and the name of a field UTF-8: mend the program that wrote it; it is left as it is and not shown',
    }
  },
}
