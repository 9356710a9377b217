/** Leases: what callers ask for, and what they are told. */
import type { AcquireRequest, ReleaseOutcome, RenewRequest } from '../core/leasing.js'
import { leaseTarget } from '../domain/lease.js'
import { isLegalName, MAX_LABEL_BYTES } from '../domain/name.js'
import { formatTime } from '../domain/time.js'
import { MemoryError } from '../errors/errors.js'
import type { LeaseView } from '../store/lease-contract.js'
import { isFree } from '../store/lease-view.js'
import { notGranted, notHeld, refusalOf, whyInTheEnd, whyNotFree } from './lock-refusals.js'
import type { Surroundings } from './surroundings.js'

export type { LeaseView }

export interface LockRequest {
  name: string
  /** Without one, a new one is made. */
  token?: string | undefined
  holder?: string | undefined
  reason?: string | undefined
  ttlMs?: number | undefined
  waitMs?: number
  process?: string
  signal?: AbortSignal
}

/** What whoever has a lease is told. */
export interface LockReply {
  ok: true
  name: string
  token: string
  fence: number
  /** From now on. */
  ttlMs: number
  holder: string
}

export const SHORTEST_TTL_MS = 100

/**
 * Throws MemoryError: `held` when somebody else has it and there was no waiting, `timeout` when the waiting was in vain,
 * `unavailable` when nobody can decide. Throws the reason of an abort.
 */
export async function acquireLock(surroundings: Surroundings, request: LockRequest): Promise<LockReply> {
  return (await grantLock(surroundings, request)).reply
}

/** The same, with the time on performance.now() from which its time counts at the earliest, and how long that is, the default chosen. */
export async function grantLock(surroundings: Surroundings, request: LockRequest): Promise<{ reply: LockReply; asOf: number; ttlMs: number }> {
  const { name, ttlMs, waitMs = 0, signal } = request
  refuseIllegal(name)
  refuseShort(ttlMs)
  const holder = oneLine('the holder', request.holder ?? surroundings.by)
  const token = request.token ?? surroundings.random()
  const asked: AcquireRequest = {
    ...{ id: surroundings.random(), name, token, holder, ttlMs, waitMs },
    reason: reasonOf(request.reason),
    ...(request.process !== undefined && { process: request.process }),
  }
  const outcome = await surroundings.memory.leases.acquire(asked, signal)
  if (outcome.is !== 'granted') throw notGranted(name, await whyInTheEnd(surroundings, name, outcome, waitMs > 0 && signal?.aborted !== true), waitMs)
  const { fence, leftMs, again, asOf } = outcome
  // Who shows the token has it under the name that it was granted to first.
  const first = again ? await holderNow(surroundings, name) : null
  return { reply: { ok: true, name, token, fence, ttlMs: leftMs, holder: first?.fence === fence ? first.name : holder }, asOf, ttlMs: outcome.ttlMs }
}

/** Throws MemoryError `usage` for a time that is too short, `wrong-token` or `not-held`. */
export async function renewLock(
  { memory }: Pick<Surroundings, 'memory'>,
  { name, token, ttlMs }: RenewRequest,
): Promise<Omit<LockReply, 'holder'>> {
  refuseIllegal(name)
  refuseShort(ttlMs)
  const outcome = await memory.leases.renew({ name, token, ttlMs })
  if (outcome.is !== 'granted') throw refusalOf(name, outcome)
  return { ok: true, name, token, fence: outcome.fence, ttlMs: outcome.leftMs }
}

/** The same, told with whose it is; null: it has ended meanwhile, or nobody can be asked. */
export async function renewLockOf(
  { memory }: Pick<Surroundings, 'memory'>,
  request: RenewRequest,
): Promise<Omit<LockReply, 'holder'> & { holder: string | null }> {
  const renewed = await renewLock({ memory }, request)
  const holder = await holderNow({ memory }, request.name)
  return { ...renewed, holder: holder?.fence === renewed.fence ? holder.name : null }
}

async function holderNow(surroundings: Pick<Surroundings, 'memory'>, name: string): Promise<LeaseView['holder']> {
  try {
    return (await lookAtLock(surroundings, name)).holder
  } catch (error) {
    if (error instanceof MemoryError && error.code === 'unavailable') return null // it was renewed all the same
    throw error
  }
}

export interface Released {
  ok: true
  name: string
  /** Writes have to name a higher fence from now on. */
  fence: number
  holder: string
  /** It was acquired more often than released: so often it still has to be. */
  left: number
}

/** Throws MemoryError `wrong-token` or `not-held`. */
export async function releaseLock(
  { memory, random, by }: Pick<Surroundings, 'memory' | 'random' | 'by'>,
  { name, token, reason = '' }: { name: string; token: string; reason?: string | undefined },
): Promise<Released> {
  refuseIllegal(name)
  return releasedOf(name, await memory.leases.release({ id: random(), name, token, reason: reasonOf(reason), by }))
}

/** Ends the lease that was looked at, and no later grant. Throws MemoryError `not-held`. */
export async function forceRelease(
  { memory, random, by }: Pick<Surroundings, 'memory' | 'random' | 'by'>,
  view: LeaseView,
  reason = '',
): Promise<Released> {
  const { name, holder } = view
  if (holder === null) throw notHeld(name)
  const request = { id: random(), name, token: null, fence: holder.fence, reason: reasonOf(reason), by }
  return releasedOf(name, await memory.leases.release(request))
}

export async function lookAtLock({ memory }: Pick<Surroundings, 'memory'>, name: string): Promise<LeaseView> {
  refuseIllegal(name)
  return memory.leases.look(name)
}

/** Every lease that is held or waited for; `all`: that ever was. */
export async function listLocks({ memory }: Pick<Surroundings, 'memory'>, all: boolean): Promise<LeaseView[]> {
  const views = []
  for (const name of (await memory.leases.list()).sort()) views.push(await memory.leases.look(name))
  return all ? views : views.filter(({ holder, queue }) => holder !== null || queue.length > 0)
}

/** Waits until it is free, and takes nothing. Throws MemoryError `held` when it is not and there was no waiting, else `timeout`. */
export async function waitForLock(
  { memory, random }: Pick<Surroundings, 'memory' | 'random'>,
  { name, waitMs, signal }: { name: string; waitMs: number; signal?: AbortSignal },
): Promise<LeaseView> {
  refuseIllegal(name)
  const view = await memory.leases.untilFree({ id: random(), name, waitMs }, signal)
  if (isFree(view) && signal?.aborted !== true) return view
  const waited = waitMs > 0 ? ` after ${waitMs / 1_000} s` : ''
  const { why, details } = whyNotFree(view)
  throw new MemoryError(waitMs > 0 ? 'timeout' : 'held', `${JSON.stringify(name)} is not free${waited}: ${why}`, {
    suggestions: [`memory_sync lock status ${name}`],
    details: { name, ...details },
  })
}

export interface LockEvent {
  rev: number
  timestamp: string
  action: string
  name: string
  holder: string
  by: string
  reason: string
  /** From this event on. */
  fence: number
  /** Of a grant: how the one before it ended, where nobody has released it. */
  ended?: string
}

/** What became of a lease, oldest first, as far as the history reaches. Throws MemoryError `unavailable` where only Redis knows, and is away. */
export async function lockHistory({ memory, clock }: Pick<Surroundings, 'memory' | 'clock'>, name: string): Promise<LockEvent[]> {
  refuseIllegal(name)
  await memory.leases.look(name) // who cannot look at a lease does not know what became of it
  const target = leaseTarget(name)
  let held: string | null = null
  return (await memory.history(0)).flatMap((change) => {
    if (change.target !== target || change.lease === undefined) return []
    const { action, holder, reason } = change.lease
    const ended = action === 'granted' && held !== null ? `the lease of ${held} had run out` : undefined
    held = action === 'granted' ? holder : null
    const timestamp = formatTime(change.t, clock.offsetMinutes())
    const { rev, by } = change
    return [{ rev, timestamp, action, name, holder, by, reason, fence: rev, ...(ended !== undefined && { ended }) }]
  })
}

export function refuseIllegal(name: string): void {
  if (isLegalName(name)) return
  throw new MemoryError('usage', `${JSON.stringify(name.slice(0, 80))} is no name for a lease`, {
    suggestions: ['a name has 1 to 64 of ASCII letters, digits, ".", "_", "-" and ":", and is no reserved word such as ".."'],
  })
}

function refuseShort(ttlMs: number | undefined): void {
  if (ttlMs !== undefined && ttlMs < SHORTEST_TTL_MS) throw new MemoryError('usage', `a lease lasts at least ${SHORTEST_TTL_MS / 1_000} s`)
}

function short(what: string, text: string): string {
  if (Buffer.byteLength(text) <= MAX_LABEL_BYTES) return text
  throw new MemoryError('usage', `${what} has more than ${MAX_LABEL_BYTES} bytes`, { suggestions: ['say it in fewer words'] })
}

const reasonOf = (text = ''): string => (text === '' ? '' : oneLine('the reason', text))

function oneLine(what: string, text: string): string {
  if (text !== '' && !/\p{Control}/u.test(text)) return short(what, text)
  throw new MemoryError('usage', `${what} has to be one line of text, not ${JSON.stringify(text.slice(0, 80))}`)
}

function releasedOf(name: string, outcome: ReleaseOutcome): Released {
  if (outcome.is !== 'released') throw refusalOf(name, outcome)
  const { fence, holder, left } = outcome
  return { ok: true, name, fence, holder, left }
}
