/**
 * One closed family of errors. Expected outcomes (a lost compare-and-set, an absent path) are values;
 * what is thrown is a fault, and says what happened, why, and what to do about it.
 */

export type ErrorCode =
  | 'usage' // the call itself is wrong: exit 2
  | 'config' // configuration cannot be used: exit 4
  | 'absent' // what was asked for does not exist: exit 1
  | 'conflict' // a compare-and-set was lost: exit 20
  | 'held' // somebody else has the lease: exit 10
  | 'timeout' // waited, and it did not come: exit 11
  | 'wrong-token' // the lease is another one's: exit 12
  | 'not-held' // nobody has the lease: exit 13
  | 'lease-lost' // it was held, and is not any more: exit 14
  | 'stale-fence' // the fence is older than the last grant: exit 14
  | 'unavailable' // no store can take the write: exit 69
  | 'unknown-outcome' // sent, and never answered: exit 69, repeat with the same key
  | 'failed' // tried and failed: exit 1
  | 'internal' // our bug: exit 70

export interface MemoryErrorOptions {
  suggestions?: readonly string[]
  details?: Readonly<Record<string, unknown>>
  cause?: unknown
  retryable?: boolean
}

export class MemoryError extends Error {
  override readonly name: string = 'MemoryError'
  readonly suggestions: readonly string[]
  readonly details: Readonly<Record<string, unknown>>
  readonly retryable: boolean

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: MemoryErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.suggestions = options.suggestions ?? []
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
  }
}

/**
 * The sequencer (Redis) did not answer, refused, or the connection broke. `sent` tells whether the request may have
 * been carried out: then only sending the same id again can find out.
 */
export class StoreUnavailable extends MemoryError {
  override readonly name = 'StoreUnavailable'
  constructor(
    message: string,
    readonly sent: boolean,
    options: MemoryErrorOptions = {},
  ) {
    super('unavailable', message, { retryable: true, ...options })
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
