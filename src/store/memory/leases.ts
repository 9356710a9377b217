/** Leases of a MemoryServer: what the scripts of Redis do, by the rules of the domain. */
import {
  type AcquireCall,
  emptyLease,
  end,
  enqueue,
  grantDraft,
  grantTo,
  holderAt,
  judgeAcquire,
  judgeRelease,
  type Lease,
  leaveQueue,
  LONGEST_LEASE_MS,
  nextInLine,
  type ReleaseCall,
  releaseDraft,
  renewUntil,
} from '../../domain/lease.js'
import type { Change, Draft } from '../../domain/operation.js'
import type {
  AcquireReply,
  KeptLease,
  LeaseContext,
  LeaseStore,
  LeaseView,
  NotNow,
  ReleaseReply,
  RenewCall,
  RenewReply,
} from '../lease-contract.js'
import { shown } from '../lease-view.js'
import { appendChange } from './commit.js'
import type { LeaseRoots, Sync } from './data.js'
import type { MemoryServer } from './server.js'

/** A root that has not been granted anything for so long is not waited for. */
const ROOT_FORGOTTEN_MS = 7 * 24 * 3_600_000

export class MemoryLeases implements LeaseStore {
  constructor(private readonly server: MemoryServer) {}

  async acquire(on: LeaseContext, call: AcquireCall): Promise<AcquireReply> {
    const sync = this.entered(on)
    if ('is' in sync) return sync
    const now = this.server.now()
    const lease = this.leaseAt(call.name)
    const verdict = judgeAcquire(lease, call, now)
    if (verdict.is === 'again') return this.granted(lease, now, true)
    if (verdict.is === 'taken') return { ...verdict, holder: shown(lease, now) }
    const withheld = withheldBy(sync, on, now)
    if (withheld !== null) return { is: 'withheld', ...withheld, position: enqueue(lease, call, now) }
    const { rev } = this.tell(sync, on, grantDraft(call, on))
    grantTo(lease, call, { now, rev, wall: now, root: on.root })
    sync.leaseRoots.get(on.root)!.usedAt = now
    return this.granted(lease, now, false)
  }

  async renew(on: LeaseContext, { name, token, ttlMs }: RenewCall): Promise<RenewReply> {
    const sync = this.entered(on)
    if ('is' in sync) return sync
    const now = this.server.now()
    const lease = this.leaseAt(name)
    const holder = holderAt(lease, now)
    if (holder === null) return { is: 'not-held' }
    if (holder.token !== token) return { is: 'wrong-token', holder: holder.name }
    renewUntil(holder, now, ttlMs)
    sync.leaseRoots.get(on.root)!.usedAt = now
    return this.granted(lease, now, true)
  }

  async release(on: LeaseContext, call: ReleaseCall): Promise<ReleaseReply> {
    const sync = this.entered(on)
    if ('is' in sync) return sync
    const now = this.server.now()
    const lease = this.leaseAt(call.name)
    const verdict = judgeRelease(lease, call, now)
    if (verdict.is !== 'ends') return verdict
    const { holder } = verdict
    end(lease, this.tell(sync, on, releaseDraft(call, { holder, fence: lease.fence }, on)).rev)
    this.server.wake(call.name, nextInLine(lease, now))
    return { is: 'released', fence: lease.fence, holder: holder.name, left: 0 }
  }

  async leave(name: string, waiter: string): Promise<null> {
    const now = this.server.now()
    const lease = this.leaseAt(name)
    if (leaveQueue(lease, waiter) && holderAt(lease, now) === null) this.server.wake(name, nextInLine(lease, now))
    return null
  }

  async look(name: string): Promise<LeaseView> {
    const { data } = this.server
    const now = this.server.now()
    const lease = data.leases.get(name) ?? emptyLease(name)
    const strict = { longestMs: 0, strict: false }
    const queue = lease.queue.filter(({ aliveUntil }) => aliveUntil > now).map(({ id, name: who }) => ({ id, name: who }))
    const withheld = data.sync === null ? null : withheldBy(data.sync, strict, now)
    return { name, fence: lease.fence, holder: shown(lease, now), queue, withheld, foreign: null }
  }

  async names(): Promise<string[]> {
    return [...this.server.data.leases].filter(([, { fence }]) => fence > 0).map(([name]) => name)
  }

  async report(on: LeaseContext, kept: readonly KeptLease[], roots: readonly string[]): Promise<boolean> {
    const sync = this.ownSync(on)
    if (sync === undefined) return false
    for (const lease of kept) this.takeBack(lease)
    for (const root of roots) if (!sync.leaseRoots.has(root)) sync.leaseRoots.set(root, { epoch: '', usedAt: this.server.now() })
    sync.leaseRoots.set(on.root, { usedAt: this.server.now(), epoch: on.epoch })
    sync.longestLeaseMs = Math.max(sync.longestLeaseMs, on.longestMs)
    return true
  }

  async roots(): Promise<string[]> {
    return [...(this.server.data.sync?.leaseRoots.keys() ?? [])]
  }

  async hear(heard: (name: string, next: string | null) => void): Promise<() => Promise<void>> {
    return this.server.onWake(heard)
  }

  private entered(on: LeaseContext): Sync | NotNow {
    const sync = this.ownSync(on)
    if (sync === undefined) return { is: 'epoch' }
    return sync.leaseRoots.get(on.root)?.epoch === on.epoch ? sync : { is: 'report' }
  }

  private ownSync({ epoch }: LeaseContext): Sync | undefined {
    const { data, run } = this.server
    const { sync, seen } = data
    return sync !== null && seen !== null && sync.epoch === epoch && sync.owner === run ? sync : undefined
  }

  private leaseAt(name: string): Lease {
    const { leases } = this.server.data
    let lease = leases.get(name)
    if (lease === undefined) leases.set(name, (lease = emptyLease(name)))
    return lease
  }

  private granted({ fence, holder }: Lease, now: number, again: boolean): AcquireReply & { is: 'granted' } {
    return { is: 'granted', fence, leftMs: (holder?.until ?? now) - now, again }
  }

  private tell(sync: Sync, on: LeaseContext, draft: Draft): Change {
    return appendChange(this.server.data, sync, draft, { floor: on.floor, history: this.server.history })
  }

  /** What the store has is kept where it is as new, but for the time: a renewal may have been lost. */
  private takeBack({ name, fence, holder: { leftMs, ...holder } }: KeptLease): void {
    const now = this.server.now()
    const lease = this.leaseAt(name)
    if (lease.fence > fence || leftMs <= 0) return
    const until = now + Math.min(leftMs, holder.ttlMs)
    if (lease.fence === fence && lease.holder !== null) lease.holder.until = Math.max(lease.holder.until, until)
    else lease.holder = { ...holder, until }
    lease.fence = fence
  }
}

/** null: granting goes on. What others allowed before a loss is lost with it: it is taken for the longest of all. */
function withheldBy(sync: Sync, on: Pick<LeaseContext, 'longestMs' | 'strict'>, now: number): { leftMs: number; roots: string[] } | null {
  const leftMs = sync.since + Math.max(sync.longestLeaseMs, on.longestMs, LONGEST_LEASE_MS) - now
  if (leftMs <= 0) return null
  const roots = missing(sync.leaseRoots, sync.epoch, now)
  return roots.length > 0 || on.strict ? { leftMs, roots } : null
}

const missing = (roots: LeaseRoots, epoch: string, now: number): string[] =>
  [...roots].filter(([, root]) => root.epoch !== epoch && root.usedAt + ROOT_FORGOTTEN_MS > now).map(([id]) => id)
