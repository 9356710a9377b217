/**
 * When a changed context is written to its file. At once where the last time is long enough ago; in a stream of changes as
 * often as its size allows; and in any case soon after the last change.
 */

/** After so long without another change it is written, whatever it costs. */
const QUIET_MS = 25
const LEAST_REST_MS = 20
/** What is shown is at most so old: a change that comes while a version is being written waits for the rest, and for the next one. */
const LATEST_MS = 750
/** Characters that are written for everybody who waits for it. */
const CHEAP_LENGTH = 800_000
/** The rest is so many times as long as the writing. */
const REST = 4
/** Writing a byte, everything included, takes about 4 ns: with this rest after each time it is a twentieth of a processor. */
const BYTES_PER_REST_MS = 8_000

export class FilePace {
  private seen = ''
  private changedAt = 0
  private writtenAt = -Infinity
  private restMs = 0
  isCheap = true

  /** `state` stands for what the file should show. */
  note(state: string, now: number): void {
    if (state === this.seen) return
    this.seen = state
    this.changedAt = now
  }

  /** `tookMs`: of the disk, too, which has others to serve. */
  wrote(length: number, tookMs: number, now: number): void {
    this.writtenAt = now
    this.isCheap = length <= CHEAP_LENGTH
    const longestMs = Math.max(tookMs, LATEST_MS - 2 * tookMs)
    this.restMs = Math.min(longestMs, Math.max(LEAST_REST_MS, length / BYTES_PER_REST_MS, REST * tookMs))
  }

  /** ms until the changed context should be written; 0: now. */
  dueIn(now: number): number {
    if (now < this.writtenAt || now < this.changedAt) return 0 // the clock was set back
    return Math.max(0, Math.min(this.writtenAt + this.restMs, this.changedAt + QUIET_MS) - now)
  }
}
