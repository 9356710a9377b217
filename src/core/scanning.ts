/** Which records a hub compares with the shared store although nobody told of them. On a clock, in ms. */
import { CONTEXT, TASK_LIST, type Target } from '../domain/operation.js'

/** Where nothing else tells of them, legacy writes are found after so long. */
export const LOOK_MS = 30_000
/**
 * Where the store tells of every write to a record, all are compared now and then only: so often that it costs next to nothing. What is
 * lost beside a record is told by nobody; it is found then, or by the next write of that record.
 */
const LOOK_MS_A_RECORD = 15

/** Records of which no store tells. */
const UNTOLD: readonly Target[] = [CONTEXT, TASK_LIST]

export class Scanning {
  private lookedAt = 0
  private scannedAt = 0

  /** What is due now, and counts as done then; null: nothing. `isTold`: the store tells of writes to records. */
  take(now: number, { records, isTold }: { records: number; isTold: boolean }): 'all' | readonly Target[] | null {
    if (Math.abs(now - this.lookedAt) < LOOK_MS) return null // also where the clock was set
    this.lookedAt = now
    const restMs = isTold ? records * LOOK_MS_A_RECORD : 0
    if (Math.abs(now - this.scannedAt) < restMs) return UNTOLD
    this.scannedAt = now
    return 'all'
  }

  /** Something may have been missed: all of them, the next time. */
  restart(): void {
    this.lookedAt = this.scannedAt = 0
  }
}
