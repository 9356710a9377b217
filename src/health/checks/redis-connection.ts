import type { Check } from '../check.js'

export const redisConnection: Check = {
  name: 'redis-connection',
  section: 'Redis',
  look({ own }) {
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
          wayOut: 'start Redis or mend its address and password (memory_sync where shows what is used)',
        }
    }
  },
}
