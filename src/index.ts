/**
 * The library. The commands do the same through the same use cases: what a program reads and writes here is what
 * `memory_sync get`, `set`, `record` and `watch` read and write.
 */
import { open } from './cli/open.js'
import { rootFilesOf, surroundingsOf } from './cli/surroundings.js'
import { stringOf, type TreeMap } from './domain/json.js'
import { PATCHABLE_MEMBERS } from './domain/name.js'
import { MemoryError as AnyMemoryError } from './errors/errors.js'
import { Asked, ReasonOfAbort, throwingOwn } from './usecases/asked.js'
import { getText } from './usecases/get.js'
import { CONDITIONS, LEASE, leaseNameGiven, lookedAt, nameGiven, OPEN, optionsGiven, RESULT, ttlGiven, WATCH } from './usecases/given.js'
import { acquireLock, releaseLock, renewLock } from './usecases/lock.js'
import { type Plain, type PlainInput, type PlainMembersOf, type PlainOf, plainOf, plainOfText, textGiven, treeOfObjectGiven } from './usecases/plain.js'
import type { Receipt, WriteConditions } from './usecases/receipt.js'
import { type Recorded, recordResult } from './usecases/record.js'
import { setContext } from './usecases/set.js'
import type { Surroundings } from './usecases/surroundings.js'
import { type WatchFilter, watchLines } from './usecases/watch.js'

export type { ErrorCode } from './errors/errors.js'
export type { Plain, PlainInput, PlainMembersOf, PlainOf, Receipt, Recorded, WatchFilter, WriteConditions }

export interface OpenMemoryOptions {
  /** Default: MEMORY_SYNC_ROOT, else LUKA_SOT, else ~/02luka. */
  root?: string
  /** Without a password. Default: as the environment, the configuration or a probe says. */
  redisUrl?: string
  redisPasswordFile?: string
  /** Who acts, for the history. Default: MEMORY_SYNC_AGENT, else USER. */
  by?: string
}

/** As a command says it with --json. */
export interface MemoryError extends AnyMemoryError {
  readonly details: MemoryErrorDetails
}
export const MemoryError = AnyMemoryError as new (...given: ConstructorParameters<typeof AnyMemoryError>) => MemoryError

export interface MemoryErrorDetails {
  /** Of `conflict`: what was to be written as it is, with numbers as `getUnifiedContext` has them; null: there is none. */
  readonly current?: Plain
  /** Of `conflict`: the revision of `current`, for the next `ifRev`. */
  readonly rev?: number
  readonly [name: string]: Plain | undefined
}

export type PlainObject = Readonly<Record<string, PlainInput>>

export interface ResultToRecord<R = PlainInput> extends WriteConditions {
  /** The task, the proposal or another piece of work. */
  id: string
  outcome: string
  /** Default: `{}`. */
  result?: R & PlainOf<R>
  durationMs?: number
  score?: number
  scoreBefore?: number
  error?: string
  /** Also appended to the ledger of the agent. */
  learning?: string
}

export interface WatchEventsOptions extends WatchFilter {
  /**
   * A revision, or the `cursor` of an event. Without it, from now on: from where the context is as the first event is asked for. What this
   * memory writes after that is told; of what others write at that moment, and with a hub of what is written here, nobody can say. Who has
   * read the context and wants all that follows gives its revision: `since: String(context.rev)`.
   */
  since?: string | number
  /** Ends the iteration. */
  signal?: AbortSignal
}

/** As `memory_sync watch` prints it. A gap has `from` and `to` instead of `rev`, `cursor` and `data`. */
export interface MemoryEvent {
  event: string
  agent?: string | null
  rev?: number | null
  cursor?: string
  timestamp?: string | null
  data?: Plain
  by?: string | null
  [member: string]: Plain | undefined
}

export interface LeaseOptions {
  /** How long it lasts unless it is renewed, a whole number; at least 100, at most 900,000 or what `lock.maxTtlSeconds` allows; default 60,000, or that where it is less. */
  ttlMs?: number
  /** So long it is waited for, first come, first served, a whole number; default 0, at most some 24 days. */
  waitMs?: number
  /** Of its holder, not empty: then it is acquired once more, and has to be released as often. Default: a new one. */
  token?: string
  /** What for: shown to others. */
  reason?: string
  /** An abort ends the waiting: the call rejects with its reason, and what was granted meanwhile is given back. */
  signal?: AbortSignal
}

export interface Lease {
  name: string
  token: string
  /** For the `fence` of writes. */
  fence: number
  /** From its grant on, or from now on where it was renewed. */
  ttlMs: number
  holder: string
  /** From now on for `ttlMs` (default: as it was acquired). Throws MemoryError `not-held` or `wrong-token`: it is lost. */
  renew(ttlMs?: number): Promise<void>
  /** Throws MemoryError `not-held` or `wrong-token`. */
  release(): Promise<void>
}

/**
 * Every method throws MemoryError; `code` and `details` tell the case: `conflict` (with `details.current`), `stale-fence`,
 * `absent`, `usage`, `unavailable` (nothing was written), `unknown-outcome` (it may have been, or be yet: repeat with the same idempotency key, or read). `usage` is also what is
 * of another type than is said here, and an option that there is none of; an option that is undefined counts as not given.
 */
export interface SharedMemory {
  /**
   * The whole context. An integer beyond 2^53, and any other number that JavaScript cannot hold (0.1234567890123456789, 1e400), comes as a
   * string of its digits; see `getContextText`.
   */
  getUnifiedContext(): Promise<{ [key: string]: Plain }>
  /** The whole context as JSON text, with every number and the order of keys as they were written. */
  getContextText(): Promise<string>
  /**
   * Merges into the context of an agent (RFC 7386: null deletes). A string in `status` that is not empty also becomes the status of the
   * record. Resolves when the write is acknowledged; the receipt says where it is.
   */
  updateAgentContext<P extends object>(agent: string, patch: P & PlainMembersOf<P>, conditions?: WriteConditions): Promise<Receipt>
  record<R = PlainInput>(agent: string, result: ResultToRecord<R>): Promise<Recorded>
  /** A hint for whoever listens right now: it is not kept. False: it could not be published. */
  publishUpdate<E extends object>(event: E & PlainMembersOf<E>): Promise<boolean>
  /** Every change from now on, and what other programs publish. */
  subscribeUpdates(signal?: AbortSignal): AsyncGenerator<MemoryEvent, void, undefined>
  /** Every change once, in the order of revisions, from `since` on. */
  watch(options?: WatchEventsOptions): AsyncGenerator<MemoryEvent, void, undefined>
  /**
   * A lease, which nobody renews but its caller. Throws MemoryError `held` when somebody else has it, `timeout` when the waiting was in
   * vain, `unavailable` when nobody can decide; and the reason of its `signal`, as it is, after an abort.
   */
  acquireLease(name: string, options?: LeaseOptions): Promise<Lease>
  /**
   * Has to be called, with Redis or a hub: their connections keep the process alive as long as the memory is open.
   * Ends who watches, and who waits for a lease (`usage`), at once; what else was asked for is answered first, and no more is taken (`usage`).
   */
  close(): Promise<void>
}

/**
 * Opens the memory of a root. Throws MemoryError `usage` for options that are none, and `usage` or `config` for a Redis that is named here
 * and cannot be one; what else is wrong with the settings is thrown by the first call that needs them.
 */
export async function openMemory(options: OpenMemoryOptions = {}): Promise<SharedMemory> {
  const { root: place, redisUrl, redisPasswordFile, by } = optionsGiven(options, 'the options', OPEN)
  const { memory, root } = await open({ root: place, 'redis-url': redisUrl, 'redis-password-file': redisPasswordFile }, {}, { isOfLibrary: true })
  const surroundings = surroundingsOf(memory, { by })
  const asked = new Asked()

  async function* watch(options?: WatchEventsOptions): AsyncGenerator<MemoryEvent, void, undefined> {
    const { signal, ...rest } = optionsGiven(options, 'the options of a watch', WATCH)
    asked.refuseClosed()
    const left = new AbortController() // a caller that leaves its loop ends the watch
    const ending = asked.orClosed(signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]))
    try {
      for await (const { json } of throwingOwn(watchLines(surroundings, { ...rest, signal: ending })))
        yield plainOf(json) as unknown as MemoryEvent
    } finally {
      left.abort()
    }
  }

  return {
    getUnifiedContext: asked.noting(async () => plainOfText(await getText(memory)) as { [key: string]: Plain }),
    getContextText: asked.noting(async () => (await getText(memory)).trimEnd()),
    updateAgentContext: asked.noting(async (agent: string, patch: object, conditions?: WriteConditions) => {
      const name = nameGiven(agent, 'the agent')
      const tree = treeGiven(patch, 'the patch')
      return setContext(surroundings, { ...optionsGiven(conditions, 'the conditions', CONDITIONS), name, patch: tree, ...statusOf(name, tree) })
    }),
    record: asked.noting(async (agent: string, recorded: object) => {
      const { id, outcome, result = new Map(), ...rest } = optionsGiven(recorded, 'the result to record', RESULT)
      return recordResult(surroundings, rootFilesOf(root), {
        ...rest,
        agent: nameGiven(agent, 'the agent'),
        subject: textGiven(id, 'the id'),
        outcome: textGiven(outcome, 'the outcome'),
        result,
      })
    }),
    publishUpdate: asked.noting(async (event: object) => memory.publish(treeGiven(event, 'the event'))),
    subscribeUpdates: (signal) => watch(signal === undefined ? {} : { signal }),
    watch,
    acquireLease: asked.noting((name: string, options?: LeaseOptions) => leaseOf(surroundings, asked, name, options)),
    close: () => asked.close(() => memory.close()),
  }
}

async function leaseOf(surroundings: Surroundings, asked: Asked, lease: string, given?: LeaseOptions): Promise<Lease> {
  const name = leaseNameGiven(lease, 'the name of a lease')
  const { ttlMs, signal, ...options } = optionsGiven(given, 'the options of a lease', LEASE)
  const acquiring = acquireLock(surroundings, { ...options, name, ttlMs, signal: asked.orClosed(signal) })
  const { ok: _, ...reply } = await acquiring.catch((error: unknown) => {
    throw signal?.aborted === true && error === signal.reason ? new ReasonOfAbort(error) : error
  })
  const { token } = reply
  const acquired: Lease = {
    ...reply,
    renew: asked.noting(async (forMs?: number) => {
      const renewedFor = forMs === undefined ? ttlMs : ttlGiven(forMs, 'the time to renew it for')
      acquired.ttlMs = (await renewLock(surroundings, { name, token, ttlMs: renewedFor })).ttlMs
    }),
    release: asked.noting(async () => {
      await releaseLock(surroundings, { name, token })
    }),
  }
  return acquired
}

const treeGiven = (value: unknown, what: string): TreeMap => lookedAt(what, () => treeOfObjectGiven(value, what))

/** In `current_work` and `token_usage` a status is a member like any other. */
function statusOf(name: string, patch: TreeMap): { status?: string } {
  const status = PATCHABLE_MEMBERS.includes(name) ? undefined : stringOf(patch.get('status'))
  return status === undefined || status === '' ? {} : { status }
}
