/** What comes over the socket meets these schemas, and is typed from there on. */
import type { OperationIds } from '../core/engine-types.js'
import type { AcquireRequest, ReleaseRequest, WaitRequest } from '../core/leasing.js'
import type { WriteRequest } from '../core/memory.js'
import { formatLine, InvalidJson, parseTree } from '../domain/json.js'
import { isLegalName } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'
import * as z from '../platform/zod.js'

const count = z.number().check(z.int(), z.nonnegative())
const pointer = z.string().check(z.regex(/^(?:\/|$)/))

/** A value that broke the rules of a leaf would break the document that it is put into. */
const leaf = z.string().check(z.refine(isLeaf, { error: 'is no one-line JSON text of a leaf' }))

function isLeaf(text: string): boolean {
  try {
    const tree = parseTree(text)
    return (typeof tree === 'string' || tree.size === 0) && formatLine(tree) === text
  } catch (error) {
    if (error instanceof InvalidJson) return false
    throw error
  }
}

// Strict: a field that this version does not know would be a condition that is silently left out.
const edit = z.discriminatedUnion('do', [
  z.compiledObject({ do: z.literal('set'), path: pointer, value: leaf }),
  z.compiledObject({ do: z.literal('default'), path: pointer, value: leaf }),
  z.compiledObject({ do: z.literal('delete'), path: pointer }),
  z.compiledObject({ do: z.literal('add'), path: pointer, by: leaf }),
  z.compiledObject({ do: z.literal('insert'), path: pointer, value: z.string().check(z.refine(isObjectText)), keep: count }),
])

/** An entry of a list is an object's one-line text. */
function isObjectText(text: string): boolean {
  try {
    return text.startsWith('{') && formatLine(parseTree(text)) === text
  } catch (error) {
    if (error instanceof InvalidJson) return false
    throw error
  }
}

const writeRequest = z.compiledObject({
  target: z.string().check(z.regex(/^(?:context|tasks|(?:agent|task):.+)$/s)),
  kind: z.enum(['set', 'update', 'record', 'edit', 'legacy', 'adopt', 'restore', 'delete']),
  edits: z.array(edit),
  by: z.string(),
  ifRev: z.exactOptional(count),
  fence: z.exactOptional(z.compiledObject({ name: z.string(), fence: count })),
  idempotencyKey: z.exactOptional(z.string()),
  payload: z.exactOptional(z.string()),
}) satisfies z.core.$ZodType<WriteRequest>

const operationIds = z.compiledObject({
  id: z.string().check(z.regex(/^[\w.:-]{1,128}$/)),
  digest: z.exactOptional(z.string()),
  t: z.exactOptional(count),
}) satisfies z.core.$ZodType<OperationIds>

export const submitArgs = z.compiledObject({ request: writeRequest, ids: operationIds })
export const writeArgs = z.strictObject({ request: writeRequest })
export const readArgs = z.strictObject({ as: z.exactOptional(z.literal('text')) })
export const watchArgs = z.strictObject({ since: z.exactOptional(z.string()) })
export const historyArgs = z.strictObject({ since: count })
export const publishArgs = z.strictObject({ event: z.string() })
export const helloArgs = z.object({ protocol: z.number(), version: z.exactOptional(z.string()) })

const leaseName = z.string().check(z.refine(isLegalName, { error: 'is no name for a lease' }))
const ttlMs = z.number().check(z.int(), z.positive())

const acquireRequest = z.strictObject({
  id: z.string().check(z.regex(/^[\w.-]{1,64}$/)),
  name: leaseName,
  token: z.string().check(z.minLength(1)),
  holder: z.string(),
  reason: z.string(),
  ttlMs: z.exactOptional(ttlMs),
  waitMs: count,
  process: z.exactOptional(z.string()),
}) satisfies z.ZodMiniType<AcquireRequest>

const releaseRequest = z.strictObject({
  id: z.string().check(z.regex(/^[\w.-]{1,64}$/)),
  name: leaseName,
  token: z.nullable(z.string().check(z.minLength(1))),
  fence: z.exactOptional(count),
  reason: z.string(),
  by: z.string(),
}) satisfies z.ZodMiniType<ReleaseRequest>

export const leaseArgs = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('acquire'), request: acquireRequest }),
  z.strictObject({ do: z.literal('renew'), request: z.strictObject({ name: leaseName, token: z.string().check(z.minLength(1)), ttlMs: z.exactOptional(ttlMs) }) }),
  z.strictObject({ do: z.literal('release'), request: releaseRequest }),
  z.strictObject({
    do: z.literal('untilFree'),
    request: z.strictObject({ id: z.string().check(z.regex(/^[\w.-]{1,64}$/)), name: leaseName, waitMs: count }) satisfies z.ZodMiniType<WaitRequest>,
  }),
  z.strictObject({ do: z.literal('look'), name: leaseName }),
  z.strictObject({ do: z.literal('list') }),
])
export type LeaseArgs = z.infer<typeof leaseArgs>

/** Throws MemoryError `usage` for what the schema refuses. */
export function parseArgs<T>(schema: z.core.$ZodType<T>, args: unknown): T {
  const parsed = z.safeParse(schema, args)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new MemoryError('usage', `the hub does not take this: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}
