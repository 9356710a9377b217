/** What a config file may say. A module of its own, because only who has such a file pays for the library. */
import { LONGEST_LEASE_MS } from '../domain/lease.js'
import { LONGEST_CLAIM_MS } from '../domain/task.js'
import * as z from '../platform/zod.js'
import type { Config } from './file.js'

/** An empty one would say nothing, and a default would take its place. */
const text = z.string().check(z.minLength(1))

/** At least a millisecond. Without an end they would be more than a timer, or a date, can hold. */
const taskTime = z.number().check(z.minimum(0.001), z.maximum(LONGEST_CLAIM_MS / 1_000))

const sections = {
  redis: z.strictObject({
    enabled: z.optional(z.boolean()),
    url: z.optional(text),
    password: z.optional(z.string()), // an empty one is none
    namespace: z.optional(text),
    managed: z.optional(z.strictObject({ root: z.string(), folder: z.string(), program: z.string() })),
  }),
  tasks: z.strictObject({
    file: z.optional(z.nullable(text)),
    ttlSeconds: z.optional(taskTime),
    guards: z.optional(z.partialRecord(z.enum(['validate', 'claim', 'start', 'heartbeat', 'release', 'complete']), text)),
    guardSeconds: z.optional(taskTime),
  }),
  lock: z.strictObject({
    strict: z.optional(z.boolean()),
    maxTtlSeconds: z.optional(z.number().check(z.minimum(1), z.maximum(LONGEST_LEASE_MS / 1_000))),
  }),
}

const { redis, tasks, lock } = sections
const schema = z.strictObject({ redis: z._default(redis, {}), tasks: z._default(tasks, {}), lock: z._default(lock, {}) })

/** What is wrong, and which names may stand where an unknown one does. */
export interface Fault {
  why: string
  known: readonly string[]
  cause: unknown
}

export function checkConfig(value: unknown): Config | Fault {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const isUnknown = issue?.code === 'unrecognized_keys' && issue.path.length <= 1
  return {
    why: [issue?.path.join('.'), issue?.message].filter((part) => part).join(': '),
    known: isUnknown ? Object.keys(sections[issue.path[0] as keyof typeof sections]?.shape ?? sections) : [],
    cause: parsed.error,
  }
}
