/**
 * What is known of one write: whoever it was sent to, and did not answer, may have done it, or do it later (a hub that is stopped finds it in
 * its socket). From then on only who takes it under its id makes sure of it, and nobody may say that nothing was written.
 */
import { foreseen, MemoryError, NotTaken, StoreUnavailable } from '../errors/errors.js'

export class Fate {
  constructor(private sent = false) {}

  /** It may have been carried out although no answer came. */
  get isOpen(): boolean {
    return this.sent
  }

  /** One attempt to have it done. */
  async after<T>(attempt: Promise<T>): Promise<T> {
    try {
      return await attempt
    } catch (error) {
      this.sent ||= error instanceof StoreUnavailable && error.sent
      throw error
    }
  }

  /** All attempts together. Throws `unknown-outcome` for the `unavailable` of the last one, if an earlier one was sent. */
  async told<T>(attempts: Promise<T>): Promise<T> {
    try {
      return await attempts
    } catch (error) {
      throw this.sent && foreseen(error)?.code === 'unavailable' ? unknownOutcome(error) : error
    }
  }
}

function unknownOutcome(cause: unknown): MemoryError {
  const why = cause instanceof NotTaken ? `it was sent without an answer, and ${cause.reason}` : 'it was sent, and no answer came'
  return new MemoryError('unknown-outcome', `${why}: it is not known whether the write was done`, {
    cause,
    suggestions: [
      'with an idempotency key: repeat it with the same one (--idempotency-key), it is applied once',
      'without one: read the record before it is written again',
    ],
  })
}
