/** Reading the context in this process, without a hub or as the hub: what is committed by now, and what is pending. */
import { composeTasks } from '../domain/document.js'
import { parseOwn } from '../domain/json.js'
import type { Change } from '../domain/operation.js'
import { isFirstContext } from '../domain/operation.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Lineage, Store } from '../store/contract.js'
import { type FileLook, judgeRead } from './file-in.js'
import type { HubRounds } from './hub-rounds.js'
import { type Fresh, freshText, noteFresh, validatorOf } from './freshness.js'
import type { Keeper } from './keeper.js'
import type { Snapshot, TaskSnapshot } from './memory.js'
import type { Ports } from './ports.js'
import type { SingleRounds } from './rounds.js'
import { changesIn, olderChanges } from './single-feed.js'
import { entriesOf, readAll } from './snapshot.js'

/** A hub that is asked while somebody has edited the file waits so long for the round that takes it in: the answer is to show it. */
const EDIT_MS = 1_000

export class Reading {
  constructor(
    private readonly ports: Ports,
    private readonly single: SingleRounds,
  ) {}

  async alone(): Promise<Snapshot | null> {
    const found = await this.findAlone()
    return 'text' in found ? freshSnapshot(found) : snapshotOf(found)
  }

  async asHub(rounds: HubRounds): Promise<Snapshot | null> {
    return snapshotOf(await this.viewAsHub(rounds))
  }

  async textAlone(): Promise<string | null> {
    const found = await this.findAlone()
    return 'text' in found ? found.text : textOf(found)
  }

  async textAsHub(rounds: HubRounds): Promise<string | null> {
    return textOf(await this.viewAsHub(rounds))
  }

  async tasksAlone(): Promise<TaskSnapshot> {
    return tasksOf(await this.viewAlone())
  }

  async tasksAsHub(rounds: HubRounds): Promise<TaskSnapshot> {
    return tasksOf(await this.viewAsHub(rounds))
  }

  private async findAlone(): Promise<Fresh | Found> {
    const validator = await validatorOf(this.ports)
    return (await freshText(this.ports.root, validator)) ?? this.viewAlone(validator)
  }

  /** An edit goes from the file to the journal, and on to the store. They are looked at in this order: it is in one of them. */
  private async viewAlone(validator: string | null = null): Promise<Found> {
    const file = await this.ports.root.document.read()
    let { view } = await this.load()
    if (file !== null && file.text === view.text()) await noteFresh(this.ports.root, validator, view, file.text)
    else if (file !== null) {
      const look = await judgeRead(this.ports, file, view.facts())
      if (look.is === 'edited') showEdit(view, look)
      else if (look.is === 'ours') ({ view } = await this.load()) // somebody may have taken it in since, and that is in the journal
    }
    return { view, source: view.mode === 'online' ? 'redis' : 'file' }
  }

  /** Without a hub. `isApart`: the shared store has lost data, or is another one, and nobody has joined it yet. */
  async load(): Promise<{ view: Keeper; isApart: boolean }> {
    const found = await this.look()
    found.view.seed()
    return found
  }

  private async look(): Promise<{ view: Keeper; isApart: boolean }> {
    let view = await this.single.load()
    if (view.lacksState) {
      await this.single.settle()
      view = await this.single.load()
    }
    const store = await this.ports.connector.connect()
    if (store === null || (await this.lookInStore(view, store))) return { view, isApart: false }
    await this.single.settle() // who only reads would see what was there before for ever
    const joined = await this.single.load()
    const isApart = !(await this.lookInStore(joined, store))
    if (isApart) joined.mode = 'away'
    return { view: joined, isApart }
  }

  /** What is committed by now is shown, also when another hub committed it a moment ago, and what somebody has just edited. */
  private async viewAsHub(rounds: HubRounds): Promise<Found> {
    const view = await rounds.view()
    const store = view.mode === 'online' ? await this.ports.connector.connect() : null
    const rev = store === null ? 0 : await revisionOf(store)
    if (await view.isFileTouched()) await rounds.settle(true, EDIT_MS)
    else if (rev > view.replica.rev || view.hasWork()) await rounds.settle(true)
    return { view, source: 'hub' }
  }

  /**
   * Without a hub nobody has pulled for us: the records are read from the store, pending writes laid over them. False: it lost data, or
   * is another one, and has to be joined first: what is shown until then is what this root has.
   */
  private async lookInStore(view: Keeper, store: Store): Promise<boolean> {
    try {
      const askedAt = this.ports.clock.now()
      const lineage: Lineage = await store.hello()
      const isOlder = lineage.rev < view.replica.rev // asked later: its data was set back under the same process
      const isOurs = lineage.epoch !== null && lineage.epoch === view.replica.epoch && lineage.owner === lineage.run && !isOlder
      if (!isOurs && view.replica.epoch !== null) return false
      const snapshot = await readAll(store, lineage)
      const entries = await entriesOf(store, snapshot, view.replica)
      for (const [target, stored] of snapshot.stored) {
        if (stored.roster === null && stored.entry !== undefined) entries.set(target, { ...stored.entry, live: true })
      }
      view.replica.entries = entries
      view.replica.rev = Math.max(view.replica.rev, lineage.rev)
      if (lineage.epoch !== null) view.replica.epoch = lineage.epoch
      view.heardTime(lineage.time, askedAt)
      view.open.settle(view.replica)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      view.mode = 'away'
    }
    return true
  }

  async history(view: Keeper, since: number): Promise<Change[]> {
    const store = await this.ports.connector.connect()
    const upTo = store === null ? view.replica.rev : Math.max(view.replica.rev, await revisionOf(store))
    const { changes, complete } = await olderChanges(this.ports, view.history, since, upTo)
    return (complete ? changes : await this.historyLeft(view, since)).filter((change) => !isFirstContext(change))
  }

  /** Not all of it is to be had any more: then what is left. */
  private async historyLeft(view: Keeper, since: number): Promise<Change[]> {
    const local = await view.history.after(since)
    const store = await this.ports.connector.connect()
    const remote = store === null ? [] : await changesIn(store, since)
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

/** Somebody has edited context.json, and nobody has taken it in yet: a reader sees it all the same. */
function showEdit(view: Keeper, { operations, document }: Extract<FileLook, { is: 'edited' }>): void {
  for (const op of operations) if (!view.replica.seen.has(op.id)) view.open.add({ op })
  view.takeOrder(document)
}

interface Found {
  view: Keeper
  source: Snapshot['source']
}

const isEmpty = (view: Keeper): boolean => view.replica.entries.size === 0 && !view.hasWork()

const textOf = ({ view }: Found): string | null => (isEmpty(view) ? null : view.text())

function snapshotOf({ view, source }: Found): Snapshot | null {
  if (isEmpty(view)) return null
  const context = view.compose()
  return { rev: Number(context.get('rev')), source, durability: durabilityOf(view), pending: view.pending(), context }
}

/** Where nothing waits for Redis. */
function freshSnapshot({ text, source }: Fresh): Snapshot {
  const context = parseOwn(text)
  return { rev: Number(context.get('rev')), source, durability: source, pending: 0, context }
}

function tasksOf({ view, source }: Found): TaskSnapshot {
  const { rev } = view.replica
  return { rev, source, durability: durabilityOf(view), pending: view.pending(), now: view.now(), ...composeTasks(view.records()) }
}

const durabilityOf = (view: Keeper): Snapshot['durability'] =>
  view.mode === 'online' && view.pending() === 0 ? 'redis' : 'file'
