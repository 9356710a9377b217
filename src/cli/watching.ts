/** Following changes until enough came, time is up, a signal comes, or nobody reads any more. */
import { formatLine } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'
import type { Surroundings } from '../usecases/surroundings.js'
import { isWanted, watchLines, type WatchFilter } from '../usecases/watch.js'
import { ENDING_SIGNALS, type EndingSignal, exitCodeOfSignal } from '../verbs/exit-codes.js'

export interface Watching extends WatchFilter {
  since?: string
  /** Lines that were asked for; a gap counts only where no event was named. */
  count?: number
  timeoutMs?: number
  onReady: (rev: number) => void
}

type WithSurroundings = (use: (surroundings: Surroundings) => Promise<void>) => Promise<void>
type Deliver = (line: string, signal: AbortSignal) => Promise<boolean>

/**
 * The exit code: 0 when `count` was reached or the reader went away, 128 + n after a signal. Throws MemoryError `timeout`.
 * The time begins with the call: a store that does not answer does not stretch it.
 */
export async function watchAndDeliver(
  withSurroundings: WithSurroundings,
  watching: Watching,
  deliver: Deliver,
): Promise<number> {
  const ending = new Ending(watching.timeoutMs)
  let delivered = 0
  try {
    const following = withSurroundings(follow)
    following.catch(() => undefined) // where the end came first, what it says afterwards matters to nobody
    await Promise.race([following, ending.come])
  } finally {
    ending.release()
  }
  if (ending.reason === 'timeout' && !isEnough()) throw timeIsUp(watching, delivered)
  return ending.reason === undefined || ending.reason === 'timeout' ? 0 : exitCodeOfSignal(ending.reason)

  async function follow(surroundings: Surroundings): Promise<void> {
    const { count: _, timeoutMs: __, ...options } = watching
    if (isEnough()) return
    for await (const line of watchLines(surroundings, { ...options, signal: ending.signal })) {
      if (!(await deliver(formatLine(line.json), ending.signal))) return
      if (watching.count === undefined || isWanted(line, watching)) delivered++
      if (isEnough() || ending.signal.aborted) return
    }
    if (!ending.signal.aborted)
      throw new MemoryError('failed', 'the changes cannot be followed any more', { details: { delivered } })
  }

  function isEnough(): boolean {
    return watching.count !== undefined && delivered >= watching.count
  }
}

/** The ways in which a watch is ended from outside. */
class Ending {
  readonly come: Promise<void>
  reason: EndingSignal | 'timeout' | undefined
  private readonly controller = new AbortController()
  private readonly timer: NodeJS.Timeout | undefined
  private end: (reason: EndingSignal | 'timeout') => void = () => undefined

  constructor(timeoutMs: number | undefined) {
    this.come = new Promise((resolve) => {
      this.end = (reason) => {
        this.reason ??= reason
        this.controller.abort()
        resolve()
      }
    })
    if (timeoutMs !== undefined) this.timer = setTimeout(this.end, timeoutMs, 'timeout')
    for (const signal of ENDING_SIGNALS) process.on(signal, this.end)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  release(): void {
    clearTimeout(this.timer)
    for (const signal of ENDING_SIGNALS) process.off(signal, this.end)
  }
}

function timeIsUp({ timeoutMs = 0, count }: Watching, delivered: number): MemoryError {
  const came = count === undefined ? `${linesOf(delivered)} came` : `${delivered} of ${linesOf(count)} came`
  return new MemoryError('timeout', `the time is up after ${timeoutMs / 1000} s: ${came}`, { details: { delivered } })
}

const linesOf = (n: number): string => `${n} line${n === 1 ? '' : 's'}`

/** Longest time that a timer takes. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Seconds, with or without a fraction, as milliseconds. */
export function seconds(name: string, text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(Math.round(Number(text) * 1000), MAX_TIMER_MS)
  throw new MemoryError('usage', `${name} expects seconds, not ${JSON.stringify(text)}`, { suggestions: ['write how many, as 30 or 0.5'] })
}
