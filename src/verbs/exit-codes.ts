/** What the process ends with: fixed, scripts depend on it. */
import type { ErrorCode } from '../errors/errors.js'

/** docs/errors.md has them with their meanings. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  absent: 1,
  failed: 1,
  usage: 2,
  config: 4,
  held: 10,
  timeout: 11,
  'wrong-token': 12,
  'not-held': 13,
  'lease-lost': 14,
  'stale-fence': 14,
  conflict: 20,
  unavailable: 69,
  'unknown-outcome': 69,
  internal: 70,
}

export const exitCodeOf = (code: ErrorCode): number => EXIT_CODES[code]

/** SIGUSR1 among them: Node would open its debugger, and go on. The systems do not agree on its number. */
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGUSR1: process.platform === 'linux' ? 10 : 30, SIGTERM: 15 } as const
export type EndingSignal = keyof typeof SIGNAL_NUMBERS
export const ENDING_SIGNALS = Object.keys(SIGNAL_NUMBERS) as EndingSignal[]

/** 128 + n, as a shell reports it. */
export const exitCodeOfSignal = (signal: EndingSignal): number => 128 + SIGNAL_NUMBERS[signal]
