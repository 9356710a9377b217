/**
 * Leases of this root: granted by the shared store, or with files only by the keeper. What the shared store grants is kept in
 * the root before it counts, and brought back to a store that lost it.
 */
import type { AcquireCall } from '../domain/lease.js'
import type { Change } from '../domain/operation.js'
import { MemoryError, messageOf, StoreUnavailable } from '../errors/errors.js'
import type { Store } from '../store/contract.js'
import type { Granted, Handed, KeptLeases, LeaseContext, LeaseStore, LeaseView, NotNow, ShownHolder } from '../store/lease-contract.js'
import type { Glance } from '../store/root.js'
import { LeaseWaiting } from './lease-waiting.js'
import type { AcquireOutcome, AcquireRequest, Leasing, ReleaseOutcome, ReleaseRequest, RenewOutcome, RenewRequest, WaitRequest } from './leasing.js'
import type { Keeper } from './keeper.js'
import { isSharedEpoch, type LocalSequencer, type Ports } from './ports.js'
import type { KeeperAccess } from './writer.js'

export interface LeasePorts {
  shared(store: Store): Promise<LeaseStore>
  /** For the keeper of a root without a shared store. */
  local(keeper: LocalSequencer): LeaseStore
  /** The same for whoever only looks. */
  looker: LeaseStore
  kept: KeptLeases
  settings: LeaseSettings
  /** A process of this machine, as a holder names it, that is certainly gone. */
  isGone(process: string): boolean
}

export interface LeaseSettings {
  longestMs: number
  strict: boolean
}

/** Others may be at the same thing (a new epoch, a round): it is tried again after a moment, so often. */
const ATTEMPTS = 20
const PAUSE_MS = 50
const ROOTS_MS = 10_000

export class Leases implements Leasing {
  private readonly waiting: LeaseWaiting
  private reportedTo: string | null = null
  private rootsAt = -Infinity
  private readonly knownRoots = new Set<string>()

  /** `keeper`: as this process works with the keeper of its root at the moment. */
  constructor(
    private readonly ports: Ports,
    private readonly leases: LeasePorts,
    private readonly keeper: () => KeeperAccess,
  ) {
    this.waiting = new LeaseWaiting({
      attempt: (call) => this.attempt(call),
      take: (call, handed, leftMs) => this.take(call, handed, leftMs),
      leave: (call) => this.leave(call),
      look: (name) => this.look(name),
      endIfGone: (name, holder) => this.endIfGone(name, holder),
      hearable: () => this.hearable(),
      looker: leases.looker,
    })
  }

  async acquire(request: AcquireRequest, signal?: AbortSignal): Promise<AcquireOutcome> {
    const { id, name, holder, reason, ttlMs, waitMs, process = '' } = request
    this.refuseTooLong(ttlMs)
    const token = this.digest(request.token)
    const call: AcquireCall = { id, name, token, holder, reason, ttlMs, process, waits: waitMs > 0 }
    const until = performance.now() + waitMs
    const first = await this.firstAttempt(call, until)
    return first.is === 'granted' || waitMs === 0 ? first : this.waiting.turnOf(call, first, until, signal)
  }

  async renew({ name, token, ttlMs }: RenewRequest): Promise<RenewOutcome> {
    this.refuseTooLong(ttlMs)
    const call = { name, token: this.digest(token), ttlMs }
    return this.ask(async (store, on, isShared) => {
      const reply = await store.renew(on, call)
      if (isShared && reply.is === 'granted') await this.keepRenewed(store, call, reply)
      return reply
    })
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const call = { ...request, token: request.token === null ? null : this.digest(request.token) }
    return this.ask(async (store, on, isShared) => {
      const reply = await store.release(on, call)
      if (isShared && reply.is === 'released' && reply.left === 0) await this.leases.kept.forget(call.name, reply.fence)
      return reply
    })
  }

  untilFree(request: WaitRequest, signal?: AbortSignal): Promise<LeaseView> {
    return this.waiting.untilFree(request, signal)
  }

  look(name: string): Promise<LeaseView> {
    return this.read((store) => store.look(name))
  }

  list(): Promise<string[]> {
    return this.read((store) => store.names())
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

  /** After a round: a lineage that this root has entered is told what it knows, so that nobody has to wait for it. */
  async tellLineage(keeper: Keeper): Promise<void> {
    const { epoch } = keeper.replica
    if (keeper.mode !== 'online' || epoch === this.reportedTo) return
    const store = await this.ports.connector.connect()
    if (store === null) return
    if ((await this.leases.kept.otherRoots()).length === 0) {
      this.reportedTo = epoch // no lease was ever granted here: there is nothing to tell
      return
    }
    try {
      await this.report(await this.leases.shared(store), await this.contextOf(await this.keeper().facts()))
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error // else after the next round
    }
  }

  // ---- one attempt

  /** Who has time to wait is not sent away by a keeper that many are asking at once. */
  private async firstAttempt(call: AcquireCall, until: number): Promise<AcquireOutcome> {
    for (;;) {
      try {
        return await this.attempt(call)
      } catch (error) {
        const isBusy = error instanceof MemoryError && error.details['keeper'] === 'busy'
        if (!isBusy || performance.now() + PAUSE_MS >= until) throw error
        await this.ports.clock.pause(PAUSE_MS)
      }
    }
  }

  private async attempt(call: AcquireCall): Promise<AcquireOutcome> {
    const asOf = performance.now()
    const outcome = await this.ask(async (store, on, isShared) => {
      const reply = await store.acquire(on, call)
      if (isShared && reply.is === 'granted') await this.keepGranted(store, on, call, reply)
      return reply
    })
    if (outcome.is === 'granted') return { ...outcome, asOf }
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

  // ---- who decides

  /** Asks whoever grants leases here; enters a new lineage, and reports to it, where that has to come first. */
  private async ask<T>(work: (store: LeaseStore, on: LeaseContext, isShared: boolean) => Promise<T | NotNow>): Promise<T> {
    await this.ports.root.prepare()
    let unanswered = 0
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const facts = await this.keeper().facts()
      const connected = await this.ports.connector.connect()
      const mode = this.keeper().mode(facts, connected)
      if (mode === 'off') return this.askHere(work)
      if (connected === null) throw away(this.ports.connector.reason)
      try {
        const reply = await this.askShared(connected, facts, work)
        if (reply !== null) return reply
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || ++unanswered > 1) throw error
        continue // the same call once more: it is carried out once
      }
      if (attempt > 0) await this.ports.clock.pause(PAUSE_MS)
    }
    throw new MemoryError('unavailable', 'the data in Redis is being restored: no lease can be granted at the moment', {
      suggestions: ['repeat the command in a moment'],
      retryable: true,
    })
  }

  /** null: again. */
  private async askShared<T>(
    connected: Store,
    facts: Glance,
    work: (store: LeaseStore, on: LeaseContext, isShared: boolean) => Promise<T | NotNow>,
  ): Promise<T | null> {
    if (!isSharedEpoch(facts.epoch)) {
      await this.keeper().settle(true)
      return null
    }
    const store = await this.leases.shared(connected)
    const on = await this.contextOf(facts)
    const reply = await work(store, on, true)
    if (!isNotNow(reply)) return reply
    if (reply.is === 'report') await this.report(store, on)
    else await this.keeper().settle(true)
    return null
  }

  private async askHere<T>(work: (store: LeaseStore, on: LeaseContext, isShared: boolean) => Promise<T | NotNow>): Promise<T> {
    const reply = await this.keeper().alone(async (keeper) => {
      await keeper.refresh()
      if (keeper.replica.epoch === null || isSharedEpoch(keeper.replica.epoch)) await keeper.round([])
      const { rev, epoch, high } = keeper.replica
      const on = await this.contextOf({ epoch, high, skewMs: 0 })
      const answer = await work(this.leases.local(keeper), on, false)
      if (keeper.replica.rev > rev) await keeper.round([])
      return answer
    }, 'queue')
    if (reply === null || isNotNow(reply)) throw keeperIsBusy()
    return reply
  }

  /** Looking needs nobody's consent, and no lineage. */
  private async read<T>(work: (store: LeaseStore) => Promise<T>): Promise<T> {
    const facts = await this.keeper().facts()
    const connected = await this.ports.connector.connect()
    if (this.keeper().mode(facts, connected) === 'off') return work(this.leases.looker)
    if (connected === null) throw away(this.ports.connector.reason)
    return work(await this.leases.shared(connected))
  }

  private async contextOf({ epoch, high, skewMs }: Pick<Glance, 'epoch' | 'high' | 'skewMs'>): Promise<LeaseContext> {
    const t = this.ports.clock.now() + skewMs
    return { epoch: epoch ?? '', floor: high, root: await this.ports.root.id(), t, ...this.leases.settings }
  }

  private async report(store: LeaseStore, on: LeaseContext): Promise<void> {
    const { kept } = this.leases
    const others = (await kept.otherRoots()).filter((root) => root !== on.root)
    if (await store.report(on, await kept.kept(), others)) this.reportedTo = on.epoch
  }

  private async addRoots(roots: readonly string[]): Promise<void> {
    const added = roots.filter((root) => root !== '' && !this.knownRoots.has(root))
    if (added.length === 0) return
    await this.leases.kept.addRoots(added)
    for (const root of added) this.knownRoots.add(root)
  }

  // ---- for those who wait

  private async hearable(): Promise<LeaseStore> {
    const store = await this.ports.connector.connect()
    return store === null ? this.leases.looker : this.leases.shared(store)
  }

  /** What a release has granted to one who waits: kept here before it counts, as any other grant. */
  private take(call: AcquireCall, { fence, ttlMs }: Handed, leftMs: number): Promise<AcquireOutcome> {
    const asOf = performance.now()
    return this.ask(async (store, on, isShared) => {
      const granted: Granted = { is: 'granted', fence, leftMs, again: false }
      if (isShared) await this.keepGranted(store, on, { ...call, ttlMs }, granted)
      return { ...granted, asOf }
    })
  }

  /** Who cannot say so leaves the queue by itself, for want of signs of life. */
  private async leave({ id, name, token, holder }: AcquireCall): Promise<void> {
    try {
      await this.ask(async (store, on) => {
        const fence = await store.leave(name, id)
        if (fence !== null) await store.release(on, { id: this.ports.randomId(), name, token, fence, reason: 'nobody took it', by: holder })
        return true
      })
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
    }
  }

  private refuseTooLong(ttlMs: number): void {
    const { longestMs } = this.leases.settings
    if (ttlMs <= longestMs) return
    throw new MemoryError('usage', `a lease lasts at most ${longestMs / 1_000} s at a time, not ${ttlMs / 1_000} s`, {
      suggestions: ['take a shorter one and renew it: lock run does so by itself', 'lock.maxTtlSeconds in the config file is the limit, up to 900'],
    })
  }

  private digest(token: string): string {
    return this.ports.digest(`lease ${token}`)
  }
}

const isNotNow = (reply: unknown): reply is NotNow => {
  const is = (reply as { is?: unknown } | null)?.is
  return is === 'epoch' || is === 'report'
}

const away = (reason: string | null): MemoryError =>
  new MemoryError('unavailable', `leases are granted by Redis, and it cannot be reached${reason === null ? '' : ` (${reason})`}: nothing was granted`, {
    suggestions: ['repeat it when Redis answers (memory_sync status)'],
    retryable: true,
  })

const keeperIsBusy = (): MemoryError =>
  new MemoryError('unavailable', 'with files only the keeper of this root grants leases, and it does not answer: nothing was granted', {
    suggestions: ['look at memory_sync hub status'],
    details: { keeper: 'busy' },
    retryable: true,
  })
