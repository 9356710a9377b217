/** What programs have asked a memory for, and what they are told where it fails. */
import type { TreeMap } from '../domain/json.js'
import { foreseen, MemoryError, messageOf, wasClosed } from '../errors/errors.js'
import { plainOf } from './plain.js'

/** Calls that are not answered yet: one that was made right before the memory is closed has not come to it. */
export class Asked {
  private readonly calls = new Set<Promise<unknown>>()
  private readonly closed = new AbortController()

  noting<A extends unknown[], R>(call: (...given: A) => Promise<R>): (...given: A) => Promise<R> {
    return async (...given) => {
      this.refuseClosed()
      const answer = call(...given).catch((error: unknown) => {
        throw ownErrorOf(error)
      })
      const forget = (): void => void this.calls.delete(answer)
      this.calls.add(answer)
      answer.then(forget, forget)
      return answer
    }
  }

  /** Of what has no end of its own: it is ended at once, and not when everything else is answered. */
  orClosed(signal?: AbortSignal): AbortSignal {
    return signal === undefined ? this.closed.signal : AbortSignal.any([signal, this.closed.signal])
  }

  refuseClosed(): void {
    this.closed.signal.throwIfAborted()
  }

  async close<R>(then: () => Promise<R>): Promise<R> {
    this.closed.abort(wasClosed())
    if (this.calls.size > 0) await Promise.allSettled(this.calls)
    return then()
  }
}

/** What every method throws: a disk that refuses is told as by a command. */
function ownErrorOf(error: unknown): unknown {
  if (error instanceof ReasonOfAbort) return error.reason
  const own = foreseen(error)
  return own === null ? new MemoryError('internal', messageOf(error), { cause: error }) : withPlainDetails(own)
}

/** A document in its details is told as the library tells all of them. */
function withPlainDetails(error: MemoryError): MemoryError {
  const { code, message, suggestions, details, retryable, cause } = error
  if (!Object.values(details).some(isDocument)) return error
  const plain = Object.entries(details).map(([name, detail]) => [name, isDocument(detail) ? plainOf(detail) : detail])
  return new MemoryError(code, message, { suggestions, details: Object.fromEntries(plain) as MemoryError['details'], retryable, cause })
}

const isDocument = (detail: unknown): detail is TreeMap => detail instanceof Map

export async function* throwingOwn<T>(events: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* events
  } catch (error) {
    throw ownErrorOf(error)
  }
}

/** What a caller has given for it may be anything, and comes back as it is. */
export class ReasonOfAbort {
  constructor(readonly reason: unknown) {}
}
