/** Rounds of a hub that fail: what is wrong is told once, until one succeeds, and the pause before the next one gets longer. */
import { messageOf } from '../errors/errors.js'
import type { Ports } from './ports.js'

/** After a round that failed nothing is tried for so long, also when somebody waits for it: what is wrong outside can only change meanwhile. */
export const AFTER_FAILURE_MS = 100
/** A disk may stay full for hours; and when there is room again, the file is to show soon what Redis and the journal have. */
const LONGEST_PAUSE_MS = 1_000
/** Different ones, while none succeeds: a message may have a number in it that is another one each time. */
const MOST_TOLD = 20

export class RoundFailures {
  private count = 0
  private readonly told = new Set<unknown>()

  constructor(private readonly tell: Ports['tell']) {}

  /** Returns for how many ms nothing is tried, unless somebody waits for it. */
  failed(error: unknown): number {
    const what = kindOf(error)
    if (!this.told.has(what) && this.told.size < MOST_TOLD) {
      this.told.add(what)
      this.tell('error', `a round failed: ${messageOf(error)}`)
    }
    return Math.min(AFTER_FAILURE_MS * 2 ** this.count++, LONGEST_PAUSE_MS)
  }

  succeeded(): void {
    if (this.count === 0) return
    this.tell('info', `rounds succeed again, after ${this.count} that failed`)
    this.count = 0
    this.told.clear()
  }
}

/** What is done after rounds: where it fails the round was good all the same, and what is wrong is told once, until it succeeds. */
export function besideRounds<A>(work: (of: A) => Promise<void>, tell: Ports['tell']): (of: A) => Promise<void> {
  let told: unknown = null
  return async (of) => {
    try {
      await work(of)
      told = null
    } catch (error) {
      const what = kindOf(error)
      if (what !== told) tell('error', `what follows a round failed: ${messageOf(error)}`)
      told = what
    }
  }
}

/** What a disk refuses names another temporary file each time. */
function kindOf(error: unknown): unknown {
  const { syscall, code } = (error ?? {}) as NodeJS.ErrnoException
  return syscall === undefined ? messageOf(error) : code
}
