import type { Check } from '../check.js'

/** Two keepers overwrite each other's file and state. The lock rules it out, unless somebody removes the lock's files. */
export const oneHub: Check = {
  name: 'one-hub',
  section: 'Hub Service',
  look({ hub, hubPids, keeperPid }) {
    if (hubPids.length > 1) {
      const served = hub.is === 'running' ? hub.pid : null
      const others = hubPids.filter((pid) => pid !== served)
      return {
        level: 'bad',
        text: `${hubPids.length} hubs believe that they serve this root: pids ${hubPids.join(', ')}`,
        wayOut: `end those that the control socket does not lead to: kill ${others.join(' ')}`,
      }
    }
    if (hub.is === 'unseen') return { level: 'off', text: 'One hub: it cannot be seen' }
    if (hub.is === 'absent') {
      if (hubPids.length === 0) return { level: 'off', text: 'One hub: none runs' }
      if (hubPids[0] === keeperPid) return { level: 'ok', text: 'One hub, and it is the keeper' }
    }
    const pid = hub.is === 'running' ? hub.pid : hub.is === 'absent' ? hubPids[0] : undefined
    if (pid !== undefined && pid !== keeperPid) {
      const who = keeperPid === null ? 'nobody' : `pid ${keeperPid}`
      return {
        level: 'bad',
        text: `The hub (pid ${pid}) has lost the right to be the keeper of this root: ${who} has it`,
        wayOut: 'restart the hub (memory_sync hub stop)',
      }
    }
    return { level: 'ok', text: 'One hub, and it is the keeper' }
  },
}
