/** Ids of a write: chosen once, before the first attempt, and kept for every other. */
import { createHash, randomBytes } from 'node:crypto'
import type { WriteRequest } from '../core/memory.js'
import { operationIds } from '../core/ids.js'
import type { OperationIds } from '../core/engine-types.js'

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

export const idsOf = (request: WriteRequest): OperationIds =>
  operationIds(request, digest, () => randomBytes(16).toString('hex'))
