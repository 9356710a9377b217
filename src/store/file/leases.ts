/** Leases of a root without a shared store: its keeper grants them, with revisions of its own. */
import {
  type AcquireCall,
  emptyLease,
  end,
  grantDraft,
  grantTo,
  holderAt,
  judgeAcquire,
  judgeRelease,
  type Lease,
  leaveQueue,
  type ReleaseCall,
  releaseDraft,
  renewUntil,
} from '../../domain/lease.js'
import type { Change, Draft } from '../../domain/operation.js'
import type { AcquireReply, Granted, Hearing, LeaseContext, LeaseStore, LeaseView, ReleaseReply, RenewCall, RenewReply } from '../lease-contract.js'
import { shown } from '../lease-view.js'
import type { LeaseFiles } from './lease-files.js'

export interface FileLeasesPorts {
  leases: LeaseFiles
  /** Gives a change its revision. Only the keeper of the root can: everybody else may only look. */
  number: (draft: Draft, floor: number) => Promise<Change>
  /** Calls back when a file of a lease has changed. Returns the way to end it. */
  watch: (changed: () => void) => () => void
  /** ms since 1970 */
  wall: () => number
}

export class FileLeases implements LeaseStore {
  constructor(private readonly ports: FileLeasesPorts) {}

  async acquire(on: LeaseContext, call: AcquireCall): Promise<AcquireReply> {
    const { lease, now } = await this.open(call.name)
    const verdict = judgeAcquire(lease, call, now)
    if (verdict.is === 'taken') {
      if (call.waits) await this.ports.leases.write(lease)
      return { ...verdict, holder: shown(lease, now) }
    }
    if (verdict.is === 'free') {
      const { rev } = await this.ports.number(grantDraft(call, on), floorOf(lease, on))
      grantTo(lease, call, { now, rev, wall: this.ports.wall(), root: on.root })
    }
    await this.ports.leases.write(lease)
    return granted(lease, now, verdict.is === 'again')
  }

  async renew(_on: LeaseContext, { name, token, ttlMs }: RenewCall): Promise<RenewReply> {
    const { lease, now } = await this.open(name)
    const holder = holderAt(lease, now)
    if (holder === null) return { is: 'not-held' }
    if (holder.token !== token) return { is: 'wrong-token', holder: holder.name }
    renewUntil(holder, now, ttlMs)
    await this.ports.leases.write(lease)
    return granted(lease, now, true)
  }

  async release(on: LeaseContext, call: ReleaseCall): Promise<ReleaseReply> {
    const { lease, now } = await this.open(call.name)
    const verdict = judgeRelease(lease, call, now)
    if (verdict.is === 'ends') {
      end(lease, (await this.ports.number(releaseDraft(call, { holder: verdict.holder, fence: lease.fence }, on), floorOf(lease, on))).rev)
    } else if (verdict.is !== 'released') return verdict
    await this.ports.leases.write(lease)
    return verdict.is === 'released' ? verdict : { is: 'released', fence: lease.fence, holder: verdict.holder.name, left: 0 }
  }

  async leave(name: string, waiter: string): Promise<null> {
    const { lease } = await this.open(name)
    if (leaveQueue(lease, waiter)) await this.ports.leases.write(lease)
    return null
  }

  async look(name: string): Promise<LeaseView> {
    const { lease, now } = await this.open(name)
    const queue = lease.queue.filter(({ aliveUntil }) => aliveUntil > now).map(({ id, name: who }) => ({ id, name: who }))
    return { name, fence: lease.fence, holder: shown(lease, now), queue, withheld: null, foreign: null }
  }

  names(): Promise<string[]> {
    return this.ports.leases.names()
  }

  /** Nobody else grants here, and nothing is lost without the files themselves. */
  async report(): Promise<boolean> {
    return true
  }

  async roots(): Promise<string[]> {
    return []
  }

  /** Which lease it was is not known: who waits looks. */
  async hear(heard: Hearing): Promise<() => Promise<void>> {
    const stop = this.ports.watch(() => {
      heard('', null)
    })
    return async () => {
      stop()
    }
  }

  private async open(name: string): Promise<{ lease: Lease; now: number }> {
    const { leases } = this.ports
    return { lease: (await leases.read(name)) ?? emptyLease(name), now: leases.now() }
  }
}

/** A power loss may take the journal's last lines, and leave the lease that they tell of: a fence is above it all the same. */
const floorOf = ({ fence }: Lease, { floor }: LeaseContext): number => Math.max(fence, floor)

const granted = ({ fence, holder }: Lease, now: number, again: boolean): Granted => ({
  is: 'granted',
  fence,
  leftMs: (holder?.until ?? now) - now,
  again,
})
