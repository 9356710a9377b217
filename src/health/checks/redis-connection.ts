import type { Check } from '../check.js'
import type { Facts } from '../facts.js'

const STARTED_BY_HUB = 'the hub starts it, as it is the private one: if it does not come back, its redis.log says why'
const START_HUB = 'start the hub, or have it go on: it starts this Redis, which is the private one'
const START_OR_MEND = 'start Redis or mend its address and password (memory_sync where shows what is used)'

function wayOutOf({ redisFailure, isPrivateRedis, hub }: Facts): string {
  const because = redisFailure?.because
  if (isPrivateRedis && because === 'login') return 'mend redis.password in the config file, or run memory_sync install, which makes both agree again'
  if (isPrivateRedis && because === 'silent') return 'it is stopped, or overloaded: kill -CONT its process, or wait; its redis.log may say why'
  const said = redisFailure?.suggestions[0]
  // It runs, and refuses, or something is wrong on the way to it: nobody has to start it.
  if (said !== undefined && because !== 'absent' && because !== 'login') return said
  if (!isPrivateRedis) return START_OR_MEND
  return hub.is === 'running' ? STARTED_BY_HUB : START_HUB
}

export const redisConnection: Check = {
  name: 'redis-connection',
  section: 'Redis',
  look(facts) {
    const { own } = facts
    switch (own.redis) {
      case 'online':
        return { level: 'ok', text: `Redis connected (${own.redisUrl ?? '?'})` }
      case 'off':
        return { level: 'off', text: `Redis off: files only${own.redisReason === null ? '' : ` (${own.redisReason})`}` }
      case 'away':
        if (own.redisLatencyMs !== null) {
          return {
            level: 'bad',
            text: `Redis answers (${own.redisUrl ?? '?'}), and does not serve this root: ${own.redisReason ?? '?'}`,
            wayOut: 'mend what it says; memory_sync sync brings root and Redis together',
          }
        }
        return {
          level: 'bad',
          text: `Redis not reachable${own.redisReason === null ? '' : `: ${own.redisReason}`}`,
          wayOut: wayOutOf(facts),
        }
    }
  },
}
