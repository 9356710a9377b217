/**
 * Leases of this root: granted by the shared store, or with files only by the keeper. What the shared store grants is kept in
 * the root before it counts, and brought back to a store that lost it.
 */
import { type AcquireCall, USUAL_LEASE_MS } from '../domain/lease.js'
import type { Change } from '../domain/operation.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Granted, Handed, LeaseContext, LeaseStore, LeaseView, ShownHolder } from '../store/lease-contract.js'
import { LeaseArbiter, type LeasePorts } from './lease-arbiter.js'
import { LeaseWaiting } from './lease-waiting.js'
import type { AcquireOutcome, AcquireRequest, Leasing, ReleaseOutcome, ReleaseRequest, RenewOutcome, RenewRequest, WaitRequest } from './leasing.js'
import type { Keeper } from './keeper.js'
import type { Ports } from './ports.js'
import type { KeeperAccess } from './writer.js'

const ROOTS_MS = 10_000
const NOT_GRANTED = 'nothing was granted'

export class Leases implements Leasing {
  private readonly waiting: LeaseWaiting
  private readonly arbiter: LeaseArbiter
  private rootsAt = -Infinity
  private readonly knownRoots = new Set<string>()

  /** `keeper`: as this process works with the keeper of its root at the moment. */
  constructor(
    private readonly ports: Ports,
    private readonly leases: LeasePorts,
    keeper: () => KeeperAccess,
  ) {
    this.arbiter = new LeaseArbiter(ports, leases, keeper)
    this.waiting = new LeaseWaiting({
      attempt: (call) => this.attempt(call),
      take: (call, handed, leftMs) => this.take(call, handed, leftMs),
      leave: (call) => this.leave(call),
      look: (name) => this.look(name),
      endIfGone: (name, holder) => this.endIfGone(name, holder),
      hearable: () => this.arbiter.hearable(),
      looker: leases.looker,
    })
  }

  async acquire(request: AcquireRequest, signal?: AbortSignal): Promise<AcquireOutcome> {
    const { id, name, holder, reason, waitMs, process = '' } = request
    const ttlMs = this.allowed(request.ttlMs)
    const token = this.digest(request.token)
    const call: AcquireCall = { id, name, token, holder, reason, ttlMs, process, waits: waitMs > 0 }
    const until = performance.now() + waitMs
    const first = await this.attempt(call)
    return first.is === 'granted' || waitMs === 0 ? first : this.waiting.turnOf(call, first, until, signal)
  }

  async renew({ name, token, ttlMs }: RenewRequest): Promise<RenewOutcome> {
    const call = { name, token: this.digest(token), ttlMs: this.allowed(ttlMs) }
    return this.arbiter.ask('it was not renewed', async (store, on, isShared) => {
      const reply = await store.renew(on, call)
      if (isShared && reply.is === 'granted') await this.keepRenewed(store, call, reply)
      return reply
    })
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const call = { ...request, token: request.token === null ? null : this.digest(request.token) }
    return this.arbiter.ask('it was not given back', async (store, on, isShared) => {
      const reply = await store.release(on, call)
      if (isShared && reply.is === 'released' && reply.left === 0) await this.leases.kept.forget(call.name, reply.fence)
      return reply
    })
  }

  untilFree(request: WaitRequest, signal?: AbortSignal): Promise<LeaseView> {
    return this.waiting.untilFree(request, signal)
  }

  look(name: string): Promise<LeaseView> {
    return this.arbiter.read((store) => store.look(name))
  }

  list(): Promise<string[]> {
    return this.arbiter.read((store) => store.names())
  }

  close(): Promise<void> {
    return this.waiting.close()
  }

  // ---- as a hub

  /** Leases that were granted through other roots: those have to be heard after a loss of data. */
  async noteChanges(changes: readonly Change[]): Promise<void> {
    try {
      await this.addRoots(changes.flatMap(({ lease }) => (lease === undefined ? [] : [lease.root])))
    } catch (error) {
      this.ports.tell('error', `the roots through which leases are granted cannot be kept: ${messageOf(error)}`)
    }
  }

  /** After a round. */
  tellLineage(keeper: Keeper): Promise<void> {
    return this.arbiter.tellLineage(keeper)
  }

  // ---- one attempt

  private async attempt(call: AcquireCall): Promise<AcquireOutcome> {
    const asOf = performance.now()
    const outcome = await this.arbiter.ask(NOT_GRANTED, async (store, on, isShared) => {
      const reply = await store.acquire(on, call)
      if (isShared && reply.is === 'granted') await this.keepGranted(store, on, call, reply)
      return reply
    })
    if (outcome.is === 'granted') return { ...outcome, asOf, ttlMs: call.ttlMs }
    if (outcome.is !== 'taken' || !(await this.endIfGone(call.name, outcome.holder))) return outcome
    return this.attempt(call)
  }

  /** True: it was the lease of a process that is gone, and is free. */
  private async endIfGone(name: string, holder: ShownHolder | null): Promise<boolean> {
    if (holder === null || !this.leases.isGone(holder.process)) return false
    const { fence, process } = holder
    const reason = `the process that had it has ended (${process.split(' ', 1)[0]!})`
    await this.release({ id: this.ports.randomId(), name, token: null, fence, reason, by: 'memory_sync' })
    return true
  }

  private async keepGranted(store: LeaseStore, on: LeaseContext, call: AcquireCall, { fence, leftMs, again }: Granted): Promise<void> {
    const { name, holder, token, reason, ttlMs, process } = call
    try {
      if (again) return await this.keepRenewed(store, call, { fence, leftMs })
      await this.leases.kept.keep({ name, fence, holder: { name: holder, token, reason, ttlMs, leftMs, process, since: on.t, count: 1, root: on.root } })
      await this.addRoots([on.root])
    } catch (error) {
      await store.release(on, { id: this.ports.randomId(), name, token, reason: 'it could not be kept', by: holder })
      throw new MemoryError('unavailable', `the lease ${JSON.stringify(name)} cannot be kept on this machine (${messageOf(error)}): it was given back`, {
        cause: error,
        suggestions: ['free space or mend the permissions of the root'],
      })
    }
    if (performance.now() - this.rootsAt < ROOTS_MS) return
    this.rootsAt = performance.now()
    await this.addRoots(await store.roots())
  }

  private async keepRenewed(store: LeaseStore, { name, token }: Pick<RenewRequest, 'name' | 'token'>, { fence, leftMs }: Pick<Granted, 'fence' | 'leftMs'>): Promise<void> {
    const { holder } = await store.look(name)
    if (holder !== null) await this.leases.kept.keep({ name, fence, holder: { ...holder, token, leftMs } })
  }

  private async addRoots(roots: readonly string[]): Promise<void> {
    const added = roots.filter((root) => root !== '' && !this.knownRoots.has(root))
    if (added.length === 0) return
    await this.leases.kept.addRoots(added)
    for (const root of added) this.knownRoots.add(root)
  }

  // ---- for those who wait

  /** What a release has granted to one who waits: kept here before it counts, as any other grant. */
  private take(call: AcquireCall, { fence, ttlMs }: Handed, leftMs: number): Promise<AcquireOutcome> {
    const asOf = performance.now()
    return this.arbiter.ask('what was granted could not be kept here', async (store, on, isShared) => {
      const granted: Granted = { is: 'granted', fence, leftMs, again: false }
      if (isShared) await this.keepGranted(store, on, { ...call, ttlMs }, granted)
      return { ...granted, asOf, ttlMs }
    })
  }

  /** Who cannot say so leaves the queue by itself, for want of signs of life. */
  private async leave({ id, name, token, holder }: AcquireCall): Promise<void> {
    try {
      await this.arbiter.ask('it stays in the queue', async (store, on) => {
        const fence = await store.leave(name, id)
        if (fence !== null) await store.release(on, { id: this.ports.randomId(), name, token, fence, reason: 'nobody took it', by: holder })
        return true
      })
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
    }
  }

  /** The default is chosen by who knows the limit: of a hub's settings its callers know nothing. */
  private allowed(ttlMs: number | undefined): number {
    const { longestMs } = this.leases.settings
    if (ttlMs === undefined) return Math.min(USUAL_LEASE_MS, longestMs)
    if (ttlMs <= longestMs) return ttlMs
    throw new MemoryError('usage', `a lease lasts at most ${longestMs / 1_000} s at a time, not ${ttlMs / 1_000} s`, {
      suggestions: ['take a shorter one and renew it: lock run does so by itself', 'lock.maxTtlSeconds in the config file is the limit, up to 900'],
    })
  }

  private digest(token: string): string {
    return this.ports.digest(`lease ${token}`)
  }
}
