/** When it is looked for what somebody may have written to context.json in the moment in which it was replaced. ms on the clock. */
import { REPLACED_AFTER_MS } from '../store/root.js'

/** So often at most: rounds come faster than that, and each would list the directory. */
const EVERY_MS = 100

export class ReplacedLooks {
  private last = -Infinity
  private until = -Infinity

  /** It has been replaced, or may have been, or somebody is still writing to it. */
  wantMore(now: number): void {
    this.until = now + REPLACED_AFTER_MS
  }

  get areDue(): boolean {
    return this.last < this.until
  }

  /** False: the last one was only just. */
  begin(now: number): boolean {
    if (Math.abs(now - this.last) < EVERY_MS) return false
    this.last = now
    return true
  }
}
