import type { Check } from '../check.js'

/** This process may reach Redis while the hub, started with another environment, does not. */
export const redisOfHub: Check = {
  name: 'redis-of-hub',
  section: 'Redis',
  look({ hub, own }) {
    if (hub.is !== 'running') return { level: 'off', text: 'Redis of the hub: no hub to ask' }
    const { redis, redisUrl, redisReason } = hub.status
    if (own.redis === redis && own.redisUrl === redisUrl) return { level: 'ok', text: 'Hub and commands use the same Redis' }
    return {
      level: 'bad',
      text: `Hub has Redis ${redis} (${redisUrl ?? redisReason ?? '-'}), this command has it ${own.redis} (${own.redisUrl ?? '-'})`,
      wayOut: 'give both the same settings (the config file), and restart the hub',
    }
  },
}
