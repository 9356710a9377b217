import type { Check } from '../check.js'

const WAYS_OUT_PRIVATE = {
  hub: 'the hub starts it, as it is the private one: if it does not come back, its redis.log says why',
  noHub: 'start the hub, or have it go on: it starts this Redis, which is the private one',
}

/** By what the reason says: it is there, and a hub does not start what runs. */
const WAYS_OUT_THERE: readonly [says: RegExp, wayOut: string][] = [
  [/refuses the password|wants a password/, 'mend redis.password in the config file, or run memory_sync install, which makes both agree again'],
  [/did not answer within/, 'it is stopped, or overloaded: kill -CONT its process, or wait; its redis.log may say why'],
  [/is another server than the private one/, 'memory_sync install gives the private one another port'],
  [/is loading its data/, 'wait until it has; nothing else is needed'],
]

export const redisConnection: Check = {
  name: 'redis-connection',
  section: 'Redis',
  look({ own, hub, isPrivateRedis }) {
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
          wayOut: isPrivateRedis
            ? (WAYS_OUT_THERE.find(([says]) => says.test(own.redisReason ?? ''))?.[1] ?? WAYS_OUT_PRIVATE[hub.is === 'running' ? 'hub' : 'noHub'])
            : 'start Redis or mend its address and password (memory_sync where shows what is used)',
        }
    }
  },
}
