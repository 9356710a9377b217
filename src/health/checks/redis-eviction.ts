import type { Check } from '../check.js'

/** `volatile-*` takes only keys with a time to live, which ours have not. */
export const redisEviction: Check = {
  name: 'redis-eviction',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Redis eviction: no connection to look at' }
    const { evictionPolicy: policy, maxmemory } = redis
    if (policy === null) return { level: 'off', text: 'Redis eviction: unknown, this user may not ask for it' }
    if (!policy.startsWith('allkeys')) return { level: 'ok', text: `Redis evicts none of our records (${policy})` }
    if (maxmemory === 0) return { level: 'ok', text: `Redis has no memory limit, so ${policy} evicts nothing` }
    return {
      level: 'warn',
      text: `Redis may evict agents' records when its memory is full (${policy}); they are put back, at a cost`,
      wayOut: 'set maxmemory-policy to noeviction or volatile-lru, or raise maxmemory',
    }
  },
}
