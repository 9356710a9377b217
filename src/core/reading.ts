/** Reading the context in this process, without a hub or as the hub: what is committed by now, and what is pending. */
import type { Change } from '../domain/operation.js'
import { isFirstContext } from '../domain/operation.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Lineage, Store } from '../store/contract.js'
import { lookAtFile } from './file-in.js'
import type { HubRounds } from './hub-rounds.js'
import type { Keeper } from './keeper.js'
import type { Snapshot } from './memory.js'
import type { Ports } from './ports.js'
import type { SingleRounds } from './rounds.js'
import { olderChanges } from './single-feed.js'
import { entriesOf, readAll } from './snapshot.js'

export class Reading {
  constructor(
    private readonly ports: Ports,
    private readonly single: SingleRounds,
  ) {}

  async alone(): Promise<Snapshot | null> {
    const view = await this.single.view()
    const store = await this.ports.connector.connect()
    if (store !== null) await this.lookInStore(view, store)
    await this.takeUnmergedEdit(view)
    const isEmpty = view.replica.entries.size === 0 && view.open.all().length === 0
    return isEmpty ? null : snapshotOf(view, view.mode === 'online' ? 'redis' : 'file')
  }

  /** What is committed by now is shown, also when another hub committed it a moment ago. */
  async asHub(rounds: HubRounds): Promise<Snapshot | null> {
    const keeper = await rounds.view()
    const store = keeper.mode === 'online' ? await this.ports.connector.connect() : null
    const rev = store === null ? 0 : await revisionOf(store)
    if (rev > keeper.replica.rev || keeper.hasWork()) await rounds.settle(true)
    if (keeper.replica.entries.size === 0 && !keeper.hasWork()) return null
    return snapshotOf(keeper, 'hub')
  }

  /** Without a hub nobody has pulled for us: the records are read from the store, pending writes laid over them. */
  async lookInStore(view: Keeper, store: Store): Promise<void> {
    try {
      const lineage: Lineage = await store.hello()
      const isOurs = lineage.epoch !== null && lineage.epoch === view.replica.epoch && lineage.owner === lineage.run
      if (!isOurs && view.replica.epoch !== null) return // it lost data, or is another one: first it has to be joined
      const snapshot = await readAll(store, lineage)
      const entries = await entriesOf(store, snapshot, view.replica)
      for (const [target, stored] of snapshot.stored) {
        if (stored.roster === null && stored.entry !== undefined) entries.set(target, { ...stored.entry, live: true })
      }
      view.replica.entries = entries
      view.replica.rev = Math.max(view.replica.rev, lineage.rev)
      if (lineage.epoch !== null) view.replica.epoch = lineage.epoch
      view.open.settle(view.replica)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      view.mode = 'away'
    }
  }

  async history(view: Keeper, since: number): Promise<Change[]> {
    const store = await this.ports.connector.connect()
    const upTo = store === null ? view.replica.rev : Math.max(view.replica.rev, await revisionOf(store))
    const { changes, complete } = await olderChanges(this.ports, since, upTo)
    return (complete ? changes : await this.historyLeft(since)).filter((change) => !isFirstContext(change))
  }

  /** Somebody may have edited context.json and nobody has taken it in yet: a reader sees it all the same. */
  private async takeUnmergedEdit(view: Keeper): Promise<void> {
    const look = await lookAtFile(this.ports, view.facts())
    if (look.is !== 'edited') return
    for (const op of look.operations) view.open.add({ op })
    view.takeOrder(look.document)
  }

  /** Not all of it is to be had any more: then what is left. */
  private async historyLeft(since: number): Promise<Change[]> {
    const local = await this.ports.root.history.after(since)
    const store = await this.ports.connector.connect()
    const remote = store === null ? [] : (await store.changesAfter(since, 10_000)).changes
    const byRev = new Map([...local, ...remote].map((change) => [change.rev, change]))
    return [...byRev.values()].sort((a, b) => a.rev - b.rev)
  }
}

async function revisionOf(store: Store): Promise<number> {
  try {
    return (await store.hello()).rev
  } catch (error) {
    if (error instanceof StoreUnavailable) return 0
    throw error
  }
}

function snapshotOf(view: Keeper, source: Snapshot['source']): Snapshot {
  const context = view.compose()
  const durability = view.mode === 'online' && view.pending() === 0 ? 'redis' : 'file'
  return { rev: Number(context.get('rev')), source, durability, pending: view.pending(), context }
}
