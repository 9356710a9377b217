import type { OperationIds } from './engine-types.js'
import { MemoryError } from '../errors/errors.js'
import type { WriteRequest } from './memory.js'

/** UTF-8 bytes would say nothing more: a key is compared, never shown. Room for a file's name with a digest. */
const MAX_KEY_LENGTH = 1_024

/** Throws MemoryError `usage` for a key that cannot be one: an empty one is a variable that was never set, and would stand for every write. */
function refuseBadKey(key: string): void {
  if (key.length > 0 && key.length <= MAX_KEY_LENGTH) return
  const found = key === '' ? 'is empty' : `has ${key.length} characters`
  throw new MemoryError('usage', `the idempotency key ${found}; it may have 1 to ${MAX_KEY_LENGTH}`, {
    suggestions: ['take a name of this one write: a work order and its step, or a digest of a longer text'],
  })
}

/** From the idempotency key where one is given: the same on any host. The digest tells whether it stands for the same write. */
export function operationIds(
  request: WriteRequest,
  digest: (text: string) => string,
  randomId: () => string,
): OperationIds {
  if (request.idempotencyKey === undefined) return { id: randomId() }
  refuseBadKey(request.idempotencyKey)
  const payload = request.payload ?? JSON.stringify(request.edits)
  return {
    id: digest(`key ${request.idempotencyKey}`).slice(0, 32),
    digest: digest(JSON.stringify([request.target, payload])).slice(0, 16),
  }
}
