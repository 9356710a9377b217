/** The engine as the hub sees it: a Memory that can be sent an operation with its id, and that can be the keeper of its root. */
import type { Memory, WriteOutcome, WriteRequest } from './memory.js'

/** What makes a repetition of a write the same write: chosen by the writer before the first attempt, kept for every other. */
export interface OperationIds {
  /** 32 hex digits. */
  id: string
  /** Of the payload, where an idempotency key was given. */
  digest?: string
  /** When the operation was made, ms; without it, when it is taken. */
  t?: number
}

/** A line for the person who reads the log. Never with a secret in it. */
export interface LogLine {
  level: 'info' | 'warn' | 'error'
  /** What it tells of was wrong, and is well again. */
  isMended: boolean
  text: string
}

export interface Engine extends Memory {
  /** As `write`, under an id that the caller repeats after an unknown outcome: applied once, however often it is sent. */
  submit(request: WriteRequest, ids: OperationIds): Promise<WriteOutcome>
  /**
   * Becomes the keeper of the root until `stop`, and resolves when file and Redis (or the file alone, while Redis is away)
   * were reconciled once. Throws MemoryError `failed` with `details.pid` when another process is the keeper.
   * `lost`: it is not the keeper any more, as it did not run for so long that somebody elsewhere has become it, or as somebody has removed
   * its lock; it writes nothing any more, and has to end.
   */
  start(lost?: (why: string) => void): Promise<void>
  /** Since `start`, until it was lost or stopped. */
  isKeeper(): Promise<boolean>
  /** Finishes what runs, flushes, and gives the lock back. More than once is harmless. */
  stop(): Promise<void>
  /** The Redis that is used, without a password. */
  readonly redisUrl?: string | null
  /** Calls back with what matters: Redis away or back, an edit merged, a file set aside, a conflict. Returns the way to end it. */
  on(listener: (line: LogLine) => void): () => void
}

/** What the control socket serves. */
export type ServedMemory = Omit<Memory, 'close'> & Pick<Engine, 'submit'>
