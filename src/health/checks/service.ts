import { describeExit } from '../../service/service.js'
import { describeState } from '../../service/verify.js'
import type { Check } from '../check.js'
import { noPart, wrongPieces } from '../pieces.js'

/** A label that is listed proves nothing: what counts is a process, and that it is the one that answers. */
export const service: Check = {
  name: 'service',
  section: 'Hub Service',
  look({ installed, hub, hasLogs, root }) {
    const installedService = installed?.service ?? null
    if (installedService === null) return noPart(installed, 'Service', 'none is installed')
    const { label, manager, state, definition } = installedService
    const name = `Service ${label} (${manager})`
    // What runs now does not come back from it.
    const wrong = wrongPieces(definition)
    if (wrong !== null) return { level: 'bad', text: `${name}: ${wrong}`, wayOut: 'memory_sync install-agent writes its definition anew, and starts it again' }
    const wayOut = 'memory_sync install-agent starts it again, and says why it does not'
    if (state.is === 'unknown') {
      return { level: 'warn', text: `${name} cannot be asked: ${state.reason}`, wayOut: 'look again in a session of the user it belongs to' }
    }
    if (state.is !== 'running') return { level: 'bad', text: `${name} ${describeState(state)}`, wayOut }
    if (hub.is === 'running' && hub.pid !== state.pid) {
      return { level: 'bad', text: `${name} runs (pid ${state.pid}), but pid ${hub.pid} is the hub that answers`, wayOut }
    }
    if (!hasLogs) {
      return {
        level: 'warn',
        text: `${name} runs (pid ${state.pid}), and the folder of its log is gone (${root}/logs): what it says is lost`,
        wayOut: 'memory_sync install-agent makes the folder again, and the hub then writes there',
      }
    }
    const before = state.lastExit === null ? '' : `; the one before: ${describeExit(state.lastExit)}`
    return { level: 'ok', text: `${name} runs (pid ${state.pid}${before})` }
  },
}
