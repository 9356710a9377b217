/** Ids of a write: chosen once, before the first attempt, and kept for every other. */
import { createHash, randomBytes } from 'node:crypto'
import type { WriteRequest } from '../core/memory.js'
import { operationIds } from '../core/ids.js'
import type { OperationIds } from '../core/engine-types.js'

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** 128 random bits as 32 hex digits. */
export const randomId = (): string => randomBytes(16).toString('hex')

/** `chosen`: an id under which the write may have been sent before. An idempotency key names the write in any case. */
export const idsOf = (request: WriteRequest, chosen?: string): OperationIds =>
  operationIds(request, digest, () => chosen ?? randomId())
