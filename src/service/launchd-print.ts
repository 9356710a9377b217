/** What `launchctl print <service>` says. Apple promises nothing about its form, so only lines that are there count. */
import { type LastExit, LOOP_STARTS, type ServiceState } from './service.js'

export function readPrint(output: string): ServiceState {
  const value = (key: string): string | null => new RegExp(`^\\s*${key} = (.*)$`, 'm').exec(output)?.[1]?.trim() ?? null
  const lastExit = exitOf(value('last exit code'), value('last terminating signal'))
  const pid = numberIn(value('pid'))
  const starts = numberIn(value('runs')) ?? 0
  if (pid !== null && value('state') === 'running') return { is: 'running', pid, starts, lastExit }
  const failed = lastExit !== null && !('code' in lastExit && lastExit.code === 0)
  if (starts >= LOOP_STARTS && failed) return { is: 'crash-loop', starts, lastExit }
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
