/** When a hub's next round is due, and whether it asks the store. On the clock of performance.now(), in ms. */
import { LOOK_MS } from './scanning.js'

/** While something is not as it should be, the next look is after this. */
const RETRY_MS = 500

/**
 * How long a hub does nothing without being asked. `isSettled`: Redis is there and tells of writes, and the file is not being written.
 * What hinders the end of its lineage others may mend soon, or nobody: it is looked for less and less often.
 */
export function idleMs({ isSettled, roundsBehind, pending }: { isSettled: boolean; roundsBehind: number; pending: number }): number {
  if (!isSettled) return RETRY_MS
  if (roundsBehind > 0) return Math.min(LOOK_MS, roundsBehind * RETRY_MS)
  return pending === 0 ? LOOK_MS : RETRY_MS
}

export class Agenda {
  /** Because of the files. */
  private dueAt = Infinity
  /** For a round that asks the store, whatever it finds in the files. */
  private storeDueAt = 0
  /** When the last one began that did. */
  private storeAt = 0
  private failedAt = -Infinity
  private notBefore = 0
  private resume: (() => void) | null = null
  /** When it looks again by itself. */
  private wakesAt = -Infinity

  /** `files`: what the store may know is known here. */
  ask(inMs: number, where: 'store' | 'files'): void {
    const at = performance.now() + inMs
    if (where === 'store') this.storeDueAt = Math.min(this.storeDueAt, at)
    else this.dueAt = Math.min(this.dueAt, at)
    if (at < this.wakesAt) this.resume?.()
  }

  /** A round has failed: nothing is tried for `ms`, or until somebody is in a hurry, and then everything. */
  holdOff(ms: number): void {
    this.failedAt = performance.now()
    this.notBefore = this.failedAt + ms
    this.storeDueAt = 0
  }

  /** Who asks now waits for the answer: no longer than `ms` after the failure. */
  hurry(ms: number): void {
    this.notBefore = Math.min(this.notBefore, this.failedAt + ms)
  }

  /** A round begins: what was asked because of the files is its own. */
  begin(): void {
    this.dueAt = Infinity
  }

  /** Whether the round that has begun asks the store: when it was asked to, and once in `idleMs`. */
  takesStore(idleMs: number, isForced: boolean): boolean {
    const now = performance.now()
    if (!isForced && now < Math.min(this.storeDueAt, this.storeAt + idleMs)) return false
    this.storeDueAt = Infinity
    this.storeAt = now
    return true
  }

  /**
   * Until something is due, and whoever has asked is answered: a round takes its time. `next`: the most that nothing happens without
   * being asked, and when the file wants to be written.
   */
  async rest(next: () => { idleMs: number; fileDueInMs: number | null }, isOver: () => boolean): Promise<void> {
    for (let ms = this.restMs(next()); ms > 0 && !isOver(); ms = this.restMs(next())) await this.sleep(ms)
    await new Promise(setImmediate)
  }

  private restMs({ idleMs, fileDueInMs }: { idleMs: number; fileDueInMs: number | null }): number {
    const now = performance.now()
    const dueIn = Math.min(this.dueAt, this.storeDueAt, this.storeAt + idleMs) - now
    return Math.max(Math.min(dueIn, fileDueInMs ?? Infinity), this.notBefore - now)
  }

  /** Until something is asked, or the time is over. */
  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.resume = null
        resolve()
      }
      const timer = setTimeout(wake, Math.ceil(ms))
      this.wakesAt = performance.now() + ms
      this.resume = wake
    })
  }
}
