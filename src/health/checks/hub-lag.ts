import type { Check } from '../check.js'

/** It was given a second to get there before this is judged. */
export const hubLag: Check = {
  name: 'hub-lag',
  section: 'Hub Service',
  look({ hub, own, isOwnSeen }) {
    if (!isOwnSeen) return { level: 'off', text: 'Lag of the hub: not known here, see what could not be looked at' }
    if (hub.is !== 'running' || own.redis !== 'online') return { level: 'off', text: 'Lag of the hub: no hub and Redis to compare' }
    const behind = own.rev - hub.status.rev
    if (behind <= 0) return { level: 'ok', text: `Hub has what Redis has (rev ${hub.status.rev})` }
    return {
      level: 'bad',
      text: `Hub is behind Redis: it has rev ${hub.status.rev}, Redis has ${own.rev}`,
      wayOut: "look into the hub's log (logs/memory_hub.out.log); it has to use the same Redis and namespace as this command",
    }
  },
}
