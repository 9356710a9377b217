/** Who decides about the leases of a root: the shared store, or with files only the keeper. */
import { MemoryError, StoreUnavailable } from '../errors/errors.js'
import type { Store } from '../store/contract.js'
import type { KeptLeases, LeaseContext, LeaseStore, NotNow } from '../store/lease-contract.js'
import type { Glance } from '../store/root.js'
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

export class LeaseArbiter {
  private reportedTo: string | null = null

  /** `keeper`: as this process works with the keeper of its root at the moment. */
  constructor(
    private readonly ports: Ports,
    private readonly leases: LeasePorts,
    private readonly keeper: () => KeeperAccess,
  ) {}

  /** Asks whoever grants leases here; enters a new lineage, and reports to it, where that has to come first. `otherwise`: what is so where nobody answers. */
  async ask<T>(otherwise: string, work: (store: LeaseStore, on: LeaseContext, isShared: boolean) => Promise<T | NotNow>): Promise<T> {
    await this.ports.root.prepare()
    let unanswered = 0
    const outcome = (): string => (unanswered === 0 ? otherwise : 'it was asked, and what it did is not known')
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const facts = await this.keeper().facts()
      const connected = await this.ports.connector.connect()
      const mode = this.keeper().mode(facts, connected)
      if (mode === 'off') return this.askHere(otherwise, work)
      if (connected === null) throw away(this.ports.connector.reason, outcome())
      try {
        const reply = await this.askShared(connected, facts, work)
        if (reply !== null) return reply
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || ++unanswered > 1) throw error
        continue // the same call once more: it is carried out once
      }
      if (attempt > 0) await this.ports.clock.pause(PAUSE_MS)
    }
    throw new MemoryError('unavailable', `the data in Redis is being restored, and nobody decides about leases meanwhile: ${outcome()}`, {
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

  private async askHere<T>(otherwise: string, work: (store: LeaseStore, on: LeaseContext, isShared: boolean) => Promise<T | NotNow>): Promise<T> {
    const reply = await this.keeper().alone(async (keeper) => {
      await keeper.refresh()
      if (keeper.replica.epoch === null || isSharedEpoch(keeper.replica.epoch)) await keeper.round([])
      const { rev, epoch, high } = keeper.replica
      const on = await this.contextOf({ epoch, high, skewMs: 0 })
      const answer = await work(this.leases.local(keeper), on, false)
      if (keeper.replica.rev > rev) await keeper.roundAfter()
      return answer
    }, 'queue')
    if (reply === null || isNotNow(reply)) throw keeperIsBusy(otherwise)
    return reply
  }

  /** Looking needs nobody's consent, and no lineage. */
  async read<T>(work: (store: LeaseStore) => Promise<T>): Promise<T> {
    const facts = await this.keeper().facts()
    const connected = await this.ports.connector.connect()
    if (this.keeper().mode(facts, connected) === 'off') return work(this.leases.looker)
    if (connected === null) throw away(this.ports.connector.reason, 'nobody can tell who has them')
    return work(await this.leases.shared(connected))
  }

  private async contextOf({ epoch, high, skewMs }: Pick<Glance, 'epoch' | 'high' | 'skewMs'>): Promise<LeaseContext> {
    const t = this.ports.clock.now() + skewMs
    return { epoch: epoch ?? '', floor: high, root: await this.ports.root.id(), t, ...this.leases.settings }
  }

  private async report(store: LeaseStore, on: LeaseContext): Promise<void> {
    const { kept } = this.leases
    const others = (await kept.roots()).filter((root) => root !== on.root)
    if (await store.report(on, await kept.kept(), others)) this.reportedTo = on.epoch
  }

  /** Who tells that a lease became free. */
  async hearable(): Promise<LeaseStore> {
    const store = await this.ports.connector.connect()
    return store === null ? this.leases.looker : this.leases.shared(store)
  }

  /** After a round: a lineage that this root has entered is told what it knows, so that nobody has to wait for it. */
  async tellLineage(keeper: Keeper): Promise<void> {
    const { epoch } = keeper.replica
    if (keeper.mode !== 'online' || epoch === this.reportedTo) return
    const store = await this.ports.connector.connect()
    if (store === null) return
    if ((await this.leases.kept.roots()).length === 0) {
      this.reportedTo = epoch // no lease was ever granted here: there is nothing to tell
      return
    }
    try {
      await this.report(await this.leases.shared(store), await this.contextOf(await this.keeper().facts()))
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error // else after the next round
    }
  }
}

const isNotNow = (reply: unknown): reply is NotNow => {
  const is = (reply as { is?: unknown } | null)?.is
  return is === 'epoch' || is === 'report'
}

const away = (reason: string | null, otherwise: string): MemoryError =>
  new MemoryError('unavailable', `leases are granted by Redis, and it cannot be reached${reason === null ? '' : ` (${reason})`}: ${otherwise}`, {
    suggestions: ['repeat it when Redis answers (memory_sync status)'],
    retryable: true,
  })

const keeperIsBusy = (otherwise: string): MemoryError =>
  new MemoryError('unavailable', `with files only the keeper of this root grants leases, and it does not answer: ${otherwise}`, {
    suggestions: ['look at memory_sync hub status'],
    details: { keeper: 'busy' },
    retryable: true,
  })
