/** Whether a service really runs. A label that is listed proves nothing: it is listed while the program ends each time. */
import { readFileSync } from 'node:fs'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { describeExit, type ServiceManager, type ServiceState } from './service.js'

export interface VerifyOptions {
  clock: Pick<Clock, 'pause'>
  stderr: string
  /** ms */
  patienceMs?: number
  /** So long the same process has to live, ms. */
  settledMs?: number
}

const PATIENCE_MS = 45_000
const SETTLED_MS = 1_000
const POLL_MS = 100
const LOG_TAIL_LINES = 5

/** The pid of a process that stays. Throws MemoryError `failed` for one that ends again and again, or never comes. */
export async function verifyRuns(manager: ServiceManager, label: string, options: VerifyOptions): Promise<number> {
  const { clock, patienceMs = PATIENCE_MS, settledMs = SETTLED_MS } = options
  const deadline = performance.now() + patienceMs
  let seen = { pid: 0, since: 0 }
  for (;;) {
    const state = await manager.state(label)
    const now = performance.now()
    if (state.is === 'running') {
      if (seen.pid !== state.pid) seen = { pid: state.pid, since: now }
      if (now - seen.since >= settledMs) return state.pid
    }
    if (state.is === 'crash-loop' || now >= deadline) throw doesNotRun(manager, label, state, options.stderr)
    await clock.pause(POLL_MS)
  }
}

function doesNotRun(manager: ServiceManager, label: string, state: ServiceState, log: string): MemoryError {
  const tail = lastLines(log)
  return new MemoryError('failed', `the service ${label} (${manager.name}) ${describeState(state)}`, {
    details: { state, log: tail },
    suggestions: [tail.length === 0 ? `its log is ${log}` : `its log (${log}) ends with: ${tail.join(' | ')}`],
  })
}

export function describeState(state: ServiceState): string {
  switch (state.is) {
    case 'absent':
      return 'is not loaded'
    case 'running':
      return `runs (pid ${state.pid})`
    case 'waiting':
      return `does not run: ${state.reason ?? describeExit(state.lastExit)}`
    case 'crash-loop':
      return `ends again and again (crash loop): ${state.starts} starts, last ${describeExit(state.lastExit)}`
  }
}

function lastLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).filter((line) => line !== '')
  } catch {
    return [] // it has not come as far as a log
  }
}
