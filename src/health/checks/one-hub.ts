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
      const [pid] = hubPids
      if (pid === undefined) return { level: 'off', text: 'One hub: none runs' }
      return {
        level: 'bad',
        text: `A hub runs (pid ${pid}), and its control socket is not in this root: no command finds it`,
        wayOut: `end it (kill ${pid}) and start it again`,
      }
    }
    if (hub.is === 'running' && hub.pid !== keeperPid) {
      const who = keeperPid === null ? 'nobody' : `pid ${keeperPid}`
      return {
        level: 'bad',
        text: `The hub (pid ${hub.pid}) has lost the right to be the keeper of this root: ${who} has it`,
        wayOut: 'restart the hub (memory_sync hub stop)',
      }
    }
    return { level: 'ok', text: 'One hub, and it is the keeper' }
  },
}
