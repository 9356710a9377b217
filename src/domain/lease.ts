/** A lease: a time-limited right that one holder has at a time. Its rules, for stores that have no script to carry them out in. */
import type { Draft } from './operation.js'

/** No lease lasts longer without being renewed, whatever is configured. */
export const LONGEST_LEASE_MS = 15 * 60_000

/** So long it lasts for who has not said how long, unless that is longer than it may. */
export const USUAL_LEASE_MS = 60_000

/** Who has a lease. Times are ms on the clock of the store that grants it. */
export interface Holder {
  /** An agent, a user, a program: shown, never compared. */
  name: string
  /** Digest of the token: who shows the token is the holder. */
  token: string
  until: number
  ttlMs: number
  reason: string
  /** When it was granted, ms since 1970. */
  since: number
  /** Acquired so often by its own token, and to be released as often. */
  count: number
  /** The root through which it was granted. */
  root: string
  /** The process that has it, where a process is the holder itself: it is of no use to anybody once that is gone. */
  process: string
}

/** One that waits leaves the queue when it gives no sign of life until then. */
export interface Waiter {
  id: string
  aliveUntil: number
  name: string
}

export interface Lease {
  name: string
  /** The revision of the newest grant, or of the release after it: what a fenced write has to name. It never falls. */
  fence: number
  holder: Holder | null
  /** First come, first served. */
  queue: Waiter[]
  /** Ids of the last calls that were carried out: a repeated one changes nothing. */
  calls: string[]
}

export interface AcquireCall {
  /** Of this call: one that is repeated after an unknown outcome carries the same, and is carried out once. */
  id: string
  name: string
  token: string
  holder: string
  reason: string
  ttlMs: number
  process: string
  /** True: without success it stands in the queue, under its id, and has to ask again within `WAITER_LIFE_MS`. */
  waits: boolean
}

export interface LeaseEvent {
  action: 'granted' | 'released' | 'forced'
  name: string
  /** Of a release: who had it. */
  holder: string
  reason: string
  ttlMs: number
  root: string
  /** Of a release: the fence that ended. */
  former?: number
}

export const WAITER_LIFE_MS = 4_000
const KEPT_CALLS = 16
const TARGET = 'lease:'

export const emptyLease = (name: string): Lease => ({ name, fence: 0, holder: null, queue: [], calls: [] })

export const leaseTarget = (name: string): string => TARGET + name

/** The name of the lease that a change is about; undefined for any other change. */
export const leaseOf = (target: string): string | undefined =>
  target.startsWith(TARGET) ? target.slice(TARGET.length) : undefined

export type AcquireVerdict =
  | { is: 'again' } // by its own token: nothing is granted anew
  | { is: 'free' } // to be granted
  | { is: 'taken'; position: number | null; retryMs: number }

/** Who has it now. */
export const holderAt = (lease: Lease, now: number): Holder | null =>
  lease.holder !== null && lease.holder.until > now ? lease.holder : null

/** Carries out what needs no grant, in place; `free`: the caller has to grant it, with `grantTo`. */
export function judgeAcquire(lease: Lease, call: AcquireCall, now: number): AcquireVerdict {
  lease.queue = lease.queue.filter(({ aliveUntil }) => aliveUntil > now)
  const holder = holderAt(lease, now)
  if (holder?.token === call.token) {
    if (noteCall(lease, call.id)) holder.count++
    holder.until = Math.max(holder.until, now + call.ttlMs)
    holder.ttlMs = Math.max(holder.ttlMs, call.ttlMs)
    leaveQueue(lease, call.id)
    return { is: 'again' }
  }
  if (holder !== null) return { is: 'taken', position: enqueue(lease, call, now), retryMs: holder.until - now }
  const [first] = lease.queue
  if (first !== undefined && first.id !== call.id) {
    return { is: 'taken', position: enqueue(lease, call, now), retryMs: first.aliveUntil - now }
  }
  return { is: 'free' }
}

/** The place in the queue, from 1; null for one that does not wait. */
export function enqueue(lease: Lease, call: AcquireCall, now: number): number | null {
  if (!call.waits) return null
  const aliveUntil = now + WAITER_LIFE_MS
  const at = lease.queue.findIndex(({ id }) => id === call.id)
  if (at >= 0) lease.queue[at]!.aliveUntil = aliveUntil
  else lease.queue.push({ id: call.id, aliveUntil, name: call.holder })
  return (at >= 0 ? at : lease.queue.length - 1) + 1
}

export function grantTo(lease: Lease, call: AcquireCall, at: { now: number; rev: number; wall: number; root: string }): void {
  const { token, ttlMs, reason, process } = call
  lease.holder = { name: call.holder, token, until: at.now + ttlMs, ttlMs, reason, since: at.wall, count: 1, root: at.root, process }
  lease.fence = at.rev
  leaveQueue(lease, call.id)
  noteCall(lease, call.id)
}

/** True: something was taken out. */
export function leaveQueue(lease: Lease, id: string): boolean {
  const before = lease.queue.length
  lease.queue = lease.queue.filter((waiter) => waiter.id !== id)
  return lease.queue.length < before
}

/** False: this very call has been carried out before. */
export function noteCall(lease: Lease, id: string): boolean {
  if (lease.calls.includes(id)) return false
  lease.calls = [...lease.calls, id].slice(-KEPT_CALLS)
  return true
}

/** One that was acquired more than once has several who renew it, each for his own time: none of them shortens it. */
export function renewUntil(holder: Holder, now: number, ttlMs: number): void {
  const isShared = holder.count > 1
  holder.until = isShared ? Math.max(holder.until, now + ttlMs) : now + ttlMs
  holder.ttlMs = isShared ? Math.max(holder.ttlMs, ttlMs) : ttlMs
}

export interface ReleaseCall {
  id: string
  name: string
  /** null: whoever has it (force-release). */
  token: string | null
  /** Only while this is the newest fence: what was looked at is released, and no later grant. */
  fence?: number
  reason: string
  by: string
}

export type ReleaseVerdict =
  | { is: 'not-held' }
  | { is: 'wrong-token'; holder: string }
  | { is: 'released'; fence: number; holder: string; left: number } // nothing more to do
  | { is: 'ends'; holder: Holder } // to be ended, with `end`

/** Carries out what needs no revision, in place. */
export function judgeRelease(lease: Lease, call: ReleaseCall, now: number): ReleaseVerdict {
  const holder = holderAt(lease, now)
  if (lease.calls.includes(call.id)) {
    if (holder === null) return { is: 'released', fence: lease.fence, holder: '', left: 0 }
    if (holder.token === call.token) return { is: 'released', fence: lease.fence, holder: holder.name, left: holder.count }
    return { is: 'released', fence: lease.fence - 1, holder: '', left: 0 } // somebody else's by now: his own fence has not ended
  }
  if (holder === null || (call.fence !== undefined && call.fence !== lease.fence)) return { is: 'not-held' }
  if (call.token !== null && holder.token !== call.token) return { is: 'wrong-token', holder: holder.name }
  noteCall(lease, call.id)
  if (call.token === null || holder.count <= 1) return { is: 'ends', holder }
  holder.count--
  return { is: 'released', fence: lease.fence, holder: holder.name, left: holder.count }
}

/** The release has a revision too, and it is the fence from then on: who had the lease cannot write with it any more. */
export function end(lease: Lease, rev: number): void {
  lease.fence = rev
  lease.holder = null
}

/** Who is to be told that the lease is free. */
export const nextInLine = (lease: Lease, now: number): string | null =>
  lease.queue.find(({ aliveUntil }) => aliveUntil > now)?.id ?? null

/** The change that tells of a grant: history only, no record has it. */
export const grantDraft = ({ id, name, holder, reason, ttlMs }: AcquireCall, { t, root }: { t: number; root: string }): Draft =>
  draftOf({ action: 'granted', name, holder, reason, ttlMs, root }, { id, t, by: holder })

/** The same of a release; who had the lease, and with which fence, is known by whoever ended it. */
export const releaseDraft = (
  { id, name, token, reason, by }: ReleaseCall,
  former: { holder: Holder; fence: number },
  { t, root }: { t: number; root: string },
): Draft => {
  const action = token === null ? 'forced' : 'released'
  const { name: holder, ttlMs } = former.holder
  return draftOf({ action, name, reason, root, holder, ttlMs, former: former.fence }, { id, t, by })
}

const draftOf = (lease: LeaseEvent, facts: { id: string; t: number; by: string }): Draft => ({
  ...facts,
  target: leaseTarget(lease.name),
  kind: 'lease',
  leaves: [],
  lease,
})
