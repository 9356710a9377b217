/** Writes at once, one a millisecond at least, come ahead of the clock by less. */
const AHEAD_MS = 60_000

/** Of the writes of a process: no two share a time, although neither is in the journal yet. ms. */
export class OwnTimes {
  private high = 0

  /**
   * The next write is to be later. `known`: the newest that is committed or waits. What is committed is never ahead of the store's clock: when
   * nothing waits any more that is, from a clock that was ahead, it goes on with the time that it is.
   */
  next(known: number, now: number): number {
    if (this.high > now + AHEAD_MS && known <= now + AHEAD_MS) this.high = known
    this.high = Math.max(this.high + 1, known)
    return this.high
  }
}
