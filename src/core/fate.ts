/**
 * What is known of one write: whoever it was sent to, and did not answer, may have done it, or do it later (a hub that is stopped finds it in
 * its socket). From then on only who takes it under its id makes sure of it, and nobody may say that nothing was written.
 */
import type { WriteOutcome } from './memory.js'
import { foreseen, MemoryError, NotTaken, StoreUnavailable } from '../errors/errors.js'

type Refusal = Extract<WriteOutcome, { ok: false }>['reason']

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

  /**
   * All attempts together. Throws `unknown-outcome` for the `unavailable` of the last one, if an earlier one was sent; and for its refusal: that
   * leaves no id behind, and where the other one is carried out later, what it depends on may be there again.
   */
  async told(attempts: Promise<WriteOutcome>): Promise<WriteOutcome> {
    let outcome: WriteOutcome
    try {
      outcome = await attempts
    } catch (error) {
      throw this.sent && foreseen(error)?.code === 'unavailable' ? unknownOutcome(error) : error
    }
    if (this.sent && !outcome.ok && outcome.reason !== 'other-payload') throw unknownOutcome(undefined, WHY_REFUSED[outcome.reason])
    return outcome
  }
}

/** That a key stands for something else it does for good. */
const WHY_REFUSED: Readonly<Record<Exclude<Refusal, 'other-payload'>, string>> = {
  conflict: 'the record has another revision than the one that was asked for',
  fence: 'the lease that it was written under belongs to another one',
  absent: 'there is nothing to delete',
  'not-a-number': 'where something is to be added stands no number',
}

function unknownOutcome(cause: unknown, refused?: string): MemoryError {
  const reason = refused ?? (cause instanceof NotTaken ? cause.reason : undefined)
  const why = reason === undefined ? 'it was sent, and no answer came' : `it was sent without an answer, and ${reason}`
  return new MemoryError('unknown-outcome', `${why}: it is not known whether the write was done, or will be`, {
    cause,
    suggestions: [
      'with an idempotency key: repeat it with the same one (--idempotency-key), it is applied once',
      'without one: read the record before it is written again',
    ],
  })
}
