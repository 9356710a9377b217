/** Whether a service really runs. A label that is listed proves nothing: it is listed while the program ends each time. */
import { readFileSync } from 'node:fs'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { describeExit, LOOP_STARTS, type ServiceManager, type ServiceState } from './service.js'

export interface VerifyOptions {
  clock: Pick<Clock, 'pause'>
  stderr: string
  /** What the service is to serve, for people. */
  root: string
  /** The pid of the hub that answers for the root; null: nobody does. */
  whoServes: () => Promise<number | null>
  /** ms */
  patienceMs?: number
}

/** Three starts that launchd throttles to one in ten seconds, on a machine on which each of them takes long. */
const PATIENCE_MS = 60_000
const POLL_MS = 100
const LOG_TAIL_LINES = 5

/**
 * The pid of the service's process, once that very process answers. How long one has lived says nothing: on a slow machine it
 * takes seconds to find out that it cannot live. Throws MemoryError `failed` for a crash loop, and when nobody, or somebody else,
 * answers within the time.
 */
export async function verifyServes(manager: ServiceManager, label: string, options: VerifyOptions): Promise<number> {
  const { clock, whoServes, patienceMs = PATIENCE_MS } = options
  const deadline = performance.now() + patienceMs
  for (;;) {
    const state = await manager.state(label)
    const server = await whoServes()
    if (state.is === 'running' && state.pid === server) return state.pid
    const found = loopOf(state)
    if (found.is === 'crash-loop' || performance.now() >= deadline) throw doesNotServe(manager, label, found, server, options)
    await clock.pause(POLL_MS)
  }
}

/** A loop is one also at the moments at which a process runs; between them there may be no time to look. */
function loopOf(state: ServiceState): ServiceState {
  if (state.is !== 'running' || state.starts <= LOOP_STARTS) return state
  return { is: 'crash-loop', starts: state.starts, lastExit: state.lastExit }
}

function doesNotServe(manager: ServiceManager, label: string, state: ServiceState, server: number | null, options: VerifyOptions): MemoryError {
  const tail = lastLines(options.stderr)
  const who = server === null ? 'nobody answers' : `pid ${server} answers instead`
  const service = `the service ${label} (${manager.name}) ${describeState(state)}`
  return new MemoryError('failed', `${service}; for ${options.root} ${who}`, {
    details: { state, server, log: tail },
    suggestions: [tail.length === 0 ? `its log is ${options.stderr}` : `its log (${options.stderr}) ends with: ${tail.join(' | ')}`],
  })
}

export function describeState(state: ServiceState): string {
  switch (state.is) {
    case 'absent':
      return 'is not loaded'
    case 'running':
      return `runs (pid ${state.pid})`
    case 'waiting':
    case 'stopped':
      return `does not run: ${state.reason ?? (state.lastExit === null ? 'it has not begun' : describeExit(state.lastExit))}`
    case 'crash-loop':
      return `ends again and again (crash loop): ${state.starts} starts${state.lastExit === null ? '' : `, last ${describeExit(state.lastExit)}`}`
  }
}

function lastLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).filter((line) => line !== '')
  } catch {
    return [] // it has not come as far as a log
  }
}
