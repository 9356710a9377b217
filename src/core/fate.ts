/**
 * What is known of one write: whoever it was sent to, and did not answer, may have done it, or do it later (a hub that is stopped finds it in
 * its socket). From then on only who takes it under its id makes sure of it, and nobody may say that nothing was written.
 */
import type { WriteOutcome, WriteRequest } from './memory.js'
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

  /**
   * All attempts together. Throws `unknown-outcome` for the `unavailable` of the last one, if an earlier one was sent; and for a refusal that
   * need not hold when that one is carried out later, as it leaves no id behind.
   */
  async told(request: Conditions, attempts: Promise<WriteOutcome>): Promise<WriteOutcome> {
    let outcome: WriteOutcome
    try {
      outcome = await attempts
    } catch (error) {
      throw this.sent && foreseen(error)?.code === 'unavailable' ? unknownOutcome(error) : error
    }
    const mayPass = this.sent ? whyNotYet(outcome, request) : null
    if (mayPass !== null) throw unknownOutcome(undefined, mayPass)
    return outcome
  }
}

type Conditions = Pick<WriteRequest, 'ifRev' | 'fence'>

/** Why it was refused, where that may change; null: it was not refused, or is for good. Revisions and fences only rise, and a key stays used. */
function whyNotYet(outcome: WriteOutcome, { ifRev = 0, fence }: Conditions): string | null {
  if (outcome.ok) return null
  switch (outcome.reason) {
    case 'conflict':
      return ifRev > 0 && outcome.rev > ifRev ? null : 'the record has not the revision that was asked for'
    case 'fence':
      return fence !== undefined && outcome.fence > fence.fence ? null : 'the lease is not the one that was named'
    case 'absent':
      return 'there is nothing to delete'
    case 'not-a-number':
      return 'where something is to be added stands no number'
    case 'other-payload':
      return null
  }
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
