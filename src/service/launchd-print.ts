/** What `launchctl print <service>` says. Apple promises nothing about its form, so only lines that are there count. */
import type { LastExit, ServiceState } from './service.js'

/** Ends of a program that is started again and again; launchd counts them in `runs` since the service was loaded. */
const LOOP_RUNS = 3

export function readPrint(output: string): ServiceState {
  const value = (key: string): string | null => new RegExp(`^\\s*${key} = (.*)$`, 'm').exec(output)?.[1]?.trim() ?? null
  const lastExit = exitOf(value('last exit code'), value('last terminating signal'))
  const pid = numberIn(value('pid'))
  if (pid !== null && value('state') === 'running') return { is: 'running', pid, lastExit }
  const runs = numberIn(value('runs')) ?? 0
  const failed = lastExit !== null && !('code' in lastExit && lastExit.code === 0)
  if (runs >= LOOP_RUNS && failed) return { is: 'crash-loop', starts: runs, lastExit }
  return { is: 'waiting', lastExit }
}

/** `78: EX_CONFIG`, `(never exited)`; `Killed: 9`. */
function exitOf(code: string | null, signal: string | null): LastExit | null {
  if (signal !== null) return { signal }
  const number = numberIn(code)
  return number === null ? null : { code: number }
}

function numberIn(text: string | null): number | null {
  const digits = /^-?\d+/.exec(text ?? '')?.[0]
  return digits === undefined ? null : Number(digits)
}
