/** Ids of a write: chosen once, before the first attempt, and kept for every other. */
import type { WriteRequest } from '../core/memory.js'
import { operationIds } from '../core/ids.js'
import type { OperationIds } from '../core/engine-types.js'
import { randomId, sha256 } from '../platform/digests.js'

/** `chosen`: an id under which the write may have been sent before. An idempotency key names the write in any case. */
export const idsOf = (request: WriteRequest, chosen?: string): OperationIds =>
  operationIds(request, sha256, () => chosen ?? randomId())
