import type { OperationIds } from './engine-types.js'
import type { WriteRequest } from './memory.js'

/** From the idempotency key where one is given: the same on any host. The digest tells whether it stands for the same write. */
export function operationIds(
  request: WriteRequest,
  digest: (text: string) => string,
  randomId: () => string,
): OperationIds {
  if (request.idempotencyKey === undefined) return { id: randomId() }
  const payload = request.payload ?? JSON.stringify(request.edits)
  return {
    id: digest(`key ${request.idempotencyKey}`).slice(0, 32),
    digest: digest(JSON.stringify([request.target, payload])).slice(0, 16),
  }
}
