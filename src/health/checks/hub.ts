import type { Check } from '../check.js'

export const hub: Check = {
  name: 'hub',
  section: 'Hub Service',
  look({ hub: found, hubPids, installed }) {
    const hasService = (installed?.service ?? null) !== null // one that is started beside it would be in its way
    switch (found.is) {
      case 'running':
        return { level: 'ok', text: `Hub running (pid ${found.pid}, version ${found.version})` }
      case 'absent': {
        const [pid] = hubPids
        if (pid !== undefined) {
          return {
            level: 'bad',
            text: `Hub runs (pid ${pid}), and its control socket is not in this root: commands do without it`,
            wayOut: `it makes the socket again within 30 seconds; where it does not, it is suspended, or it hangs: kill -CONT ${pid}, or end it and start it again`,
          }
        }
        return {
          level: 'bad',
          text: 'Hub not running: writes are kept, but nothing brings file and Redis together between them',
          wayOut: hasService ? 'memory_sync install-agent starts its service' : 'start it: memory_sync hub',
        }
      }
      case 'unseen':
        return {
          level: 'bad',
          text: `Whether a hub runs cannot be seen${found.why === undefined ? '' : `: ${found.why}`}`,
          wayOut: found.why === undefined ? 'see what could not be looked at, below' : 'ask as the user to whom the root belongs',
        }
      case 'silent':
        return {
          level: 'bad',
          text: `Hub does not answer${found.pid === null ? '' : ` (pid ${found.pid})`}: it is suspended, or it hangs`,
          wayOut: `${found.pid === null ? '' : `kill -CONT ${found.pid}, or `}${hasService ? 'memory_sync install-agent: it starts the service anew' : 'end its process and start it again'}`,
        }
      case 'other-version':
        return {
          level: 'bad',
          text: `Hub of version ${found.version} (pid ${found.pid}) speaks another protocol: commands go past it`,
          wayOut: 'restart it with the installed version',
        }
    }
  },
}
