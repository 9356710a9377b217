import type { Check } from '../check.js'

const WAY_OUT = 'give both the same settings (the config file), and restart the hub'

/** This process may reach Redis while the hub, started with another environment, does not. */
export const redisOfHub: Check = {
  name: 'redis-of-hub',
  section: 'Redis',
  look({ hub, own }) {
    if (hub.is !== 'running') return { level: 'off', text: 'Redis of the hub: no hub to ask' }
    const { redis, redisUrl, redisReason } = hub.status
    // A hub of a version before this one does not say it.
    const namespace = (hub.status.namespace as string | undefined) ?? own.namespace
    if (redis !== 'off' && own.redisUrl === redisUrl && namespace !== own.namespace) {
      return { level: 'bad', text: `Hub writes keys that begin with ${namespace}, this command means ${own.namespace}`, wayOut: WAY_OUT }
    }
    if (own.redis === 'away' && own.redisUrl === redisUrl) return { level: 'off', text: 'Redis of the hub: see the connection, above' }
    if (own.redis === 'online' && redis !== 'online' && own.redisUrl === redisUrl) {
      return {
        level: 'bad',
        text: `Hub cannot use the Redis that this command reaches: ${redisReason ?? 'it does not say why'}`,
        wayOut: 'mend what it says: the hub tries again by itself',
      }
    }
    if (own.redis !== redis || own.redisUrl !== redisUrl) {
      return {
        level: 'bad',
        text: `Hub has Redis ${redis} (${redisUrl ?? redisReason ?? '-'}), this command has it ${own.redis} (${own.redisUrl ?? '-'})`,
        wayOut: WAY_OUT,
      }
    }
    return { level: 'ok', text: 'Hub and commands use the same Redis' }
  },
}
