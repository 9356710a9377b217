/** The context in this process: for one command, or (once started) as the hub of its root. */
import { composeDocument } from '../domain/document.js'
import { equalTrees, formatLine, parseTreeMap, type TreeMap } from '../domain/json.js'
import type { Change, Operation } from '../domain/operation.js'
import { agentOf, isFirstContext } from '../domain/operation.js'
import { MemoryError, StoreUnavailable } from '../errors/errors.js'
import type { Lineage, Store, WakingStore } from '../store/contract.js'
import type { Engine, LogLine, OperationIds } from './engine-types.js'
import { Feed } from './feed.js'
import { lookAtFile } from './file-in.js'
import { operationIds } from './ids.js'
import { HubRounds } from './hub-rounds.js'
import type { Keeper } from './keeper.js'
import type { Notice, Snapshot, Status, WatchRequest, WriteOutcome, WriteRequest } from './memory.js'
import type { Ports } from './ports.js'
import { SingleRounds } from './rounds.js'
import { olderChanges, SingleFeed } from './single-feed.js'
import { entriesOf, readAll } from './snapshot.js'
import { watchFeed } from './watch.js'
import { Writer } from './writer.js'

export type WatchedFile = 'context.json' | 'journal' | 'history'

export interface EngineOptions {
  ports: Omit<Ports, 'tell'>
  /** Calls back when one of these may have changed, until the returned function is called. */
  watchFiles: (what: readonly WatchedFile[], changed: () => void) => () => void
}

export interface Examination {
  file: { is: 'absent' | 'current' | 'edited' | 'unsettled' | 'broken'; reason?: string }
  /** ms */
  oldestPending: number | null
  lastChange: Change | null
}

/** A watcher without a hub looks at least this often: for a Redis that does not tell, and a file system that does not either. */
const LOOK_MS = 1_000

export class LocalEngine implements Engine {
  private readonly ports: Ports
  private readonly single: SingleRounds
  private hub: { rounds: HubRounds; feed: Feed; stopWatching: () => void } | null = null
  private writer: Writer
  private readonly listeners = new Set<(line: LogLine) => void>()

  constructor(private readonly options: EngineOptions) {
    this.ports = {
      ...options.ports,
      tell: (level, text) => {
        for (const listener of this.listeners) listener({ level, text })
      },
    }
    this.single = new SingleRounds(this.ports)
    this.writer = new Writer(this.ports, this.single)
  }

  on(listener: (line: LogLine) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  // ---- as a hub

  async start(): Promise<void> {
    let feed: Feed | null = null
    const rounds = new HubRounds(this.ports, (keeper) => (feed = this.feedOf(keeper)))
    await rounds.start()
    const stopWatching = this.options.watchFiles(['context.json', 'journal'], () => {
      rounds.poke()
    })
    this.hub = { rounds, feed: feed!, stopWatching }
    this.writer = new Writer(this.ports, rounds)
  }

  async stop(): Promise<void> {
    const hub = this.hub
    this.hub = null
    hub?.stopWatching()
    await hub?.rounds.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.ports.connector.close()
  }

  private feedOf(keeper: Keeper): Feed {
    return new Feed({
      rev: () => keeper.replica.rev,
      rootId: () => keeper.id(),
      pending: () => pendingOf(keeper),
      isOpen: (id) => keeper.open.has(id),
      document: () => keeper.compose(),
      older: (after) => olderChanges(this.ports, after, keeper.replica.rev),
    })
  }

  // ---- writing

  write(request: WriteRequest): Promise<WriteOutcome> {
    return this.submit(request, operationIds(request, this.ports.digest, this.ports.randomId))
  }

  submit(request: WriteRequest, ids: OperationIds): Promise<WriteOutcome> {
    return this.writer.write(request, ids)
  }

  async publish(event: TreeMap): Promise<boolean> {
    const text = formatLine(event)
    const store = await this.ports.connector.connect()
    if (store !== null && 'publish' in store) {
      await (store as WakingStore).publish(text)
      return true
    }
    this.hub?.feed.takeMessage(text)
    return false
  }

  // ---- reading

  async read(): Promise<Snapshot | null> {
    if (this.hub !== null) return this.readAsHub(this.hub.rounds)
    const view = await this.single.view()
    const store = await this.ports.connector.connect()
    if (store !== null) await this.lookInStore(view, store)
    await this.takeUnmergedEdit(view)
    const isEmpty = view.replica.entries.size === 0 && view.open.all().length === 0
    if (isEmpty) return null
    return this.snapshotOf(view, view.mode === 'online' ? 'redis' : 'file')
  }

  /** What is committed by now is shown, also when another hub committed it a moment ago. */
  private async readAsHub(rounds: HubRounds): Promise<Snapshot | null> {
    const keeper = await rounds.view()
    const store = keeper.mode === 'online' ? await this.ports.connector.connect() : null
    const rev = store === null ? 0 : await this.revisionOf(store)
    if (rev > keeper.replica.rev || keeper.hasWork()) await rounds.settle(true)
    if (keeper.replica.entries.size === 0 && !keeper.hasWork()) return null
    return this.snapshotOf(keeper, 'hub')
  }

  private async revisionOf(store: Store): Promise<number> {
    try {
      return (await store.hello()).rev
    } catch (error) {
      if (error instanceof StoreUnavailable) return 0
      throw error
    }
  }

  private snapshotOf(view: Keeper, source: Snapshot['source']): Snapshot {
    const context = view.compose()
    const durability = view.mode === 'online' && view.pending() === 0 ? 'redis' : 'file'
    return { rev: Number(context.get('rev')), source, durability, pending: view.pending(), context }
  }

  /** Without a hub nobody has pulled for us: the records are read from the store, pending writes laid over them. */
  private async lookInStore(view: Keeper, store: Store): Promise<void> {
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

  /** Somebody may have edited context.json and nobody has taken it in yet: a reader sees it all the same. */
  private async takeUnmergedEdit(view: Keeper): Promise<void> {
    const look = await lookAtFile(this.ports, { replica: view.replica, rootId: view.id(), skewMs: view.skew() })
    if (look.is !== 'edited') return
    for (const op of look.operations) view.open.add({ op })
    view.takeOrder(look.document)
  }

  async history(since: number): Promise<Change[]> {
    const view = this.hub === null ? await this.single.view() : this.hub.rounds.keeper
    const store = await this.ports.connector.connect()
    const upTo = store === null ? view.replica.rev : Math.max(view.replica.rev, await this.revisionOf(store))
    const { changes, complete } = await olderChanges(this.ports, since, upTo)
    return (complete ? changes : await this.historyLeft(since)).filter((change) => !isFirstContext(change))
  }

  /** Not all of it is to be had any more: then what is left. */
  private async historyLeft(since: number): Promise<Change[]> {
    const local = await this.ports.root.history.after(since)
    const store = await this.ports.connector.connect()
    const remote = store === null ? [] : (await store.changesAfter(since, 10_000)).changes
    const byRev = new Map([...local, ...remote].map((change) => [change.rev, change]))
    return [...byRev.values()].sort((a, b) => a.rev - b.rev)
  }

  watch(request: WatchRequest): AsyncIterable<Notice> {
    return this.hub === null ? this.watchAlone(request) : watchFeed(this.hub.feed, request)
  }

  private async *watchAlone(request: WatchRequest): AsyncGenerator<Notice, void, undefined> {
    await this.ports.root.prepare()
    const single = new SingleFeed(this.ports, this.single)
    await single.begin()
    const look = (): void => {
      single.look().catch((error: unknown) => {
        this.ports.tell('error', String(error))
      })
    }
    const stopWatching = this.options.watchFiles(['context.json', 'journal', 'history'], look)
    const timer = setInterval(look, LOOK_MS)
    const stopListening = await this.listen(look, single.feed)
    try {
      yield* watchFeed(single.feed, request)
    } finally {
      clearInterval(timer)
      stopWatching()
      await stopListening()
    }
  }

  private async listen(look: () => void, feed: Feed): Promise<() => Promise<void>> {
    const store = await this.ports.connector.connect()
    if (store === null || !('listen' in store)) return () => Promise.resolve()
    try {
      return await (store as WakingStore).listen({
        changed: look,
        touched: look,
        lost: look,
        published: (text) => {
          feed.takeMessage(text)
        },
      })
    } catch (error) {
      if (error instanceof StoreUnavailable) return () => Promise.resolve()
      throw error
    }
  }

  // ---- looking after

  async status(): Promise<Status> {
    const { connector, root } = this.ports
    const store = await connector.connect()
    const view = this.hub === null ? await this.single.view() : await this.hub.rounds.view()
    if (this.hub === null && store !== null) await this.lookInStore(view, store) // nobody has pulled for us
    const latency = store !== null && 'ping' in store ? await this.latencyOf(store as WakingStore) : null
    const file = await lookAtFile(this.ports, { replica: view.replica, rootId: view.id(), skewMs: view.skew() })
    const isCurrent = file.is === 'ours' && file.text.includes(`"rev": ${view.compose().get('rev') as string}`)
    return {
      root: root.path,
      redis: this.single.mode({ epoch: view.replica.epoch }, store),
      redisUrl: connector.url,
      redisReason: connector.reason,
      redisLatencyMs: latency,
      hub: { running: this.hub !== null, pid: null, version: null, startedAt: null },
      rev: view.replica.rev,
      epoch: view.replica.epoch,
      pending: view.pending(),
      fileIsCurrent: isCurrent,
      agents: [...view.replica.entries].filter(([target, entry]) => entry.live && agentOf(target) !== undefined).length,
    }
  }

  /** Has a round done, which restores, takes in and replicates; never deletes. */
  async mend(): Promise<void> {
    await (this.hub?.rounds ?? this.single).settle(true)
  }

  /** What health wants to know beyond the status. */
  async examine(): Promise<Examination> {
    const view = this.hub === null ? await this.single.view() : await this.hub.rounds.view()
    const look = await lookAtFile(this.ports, { replica: view.replica, rootId: view.id(), skewMs: view.skew() })
    const pending = pendingOf(view)
    const last = (await this.ports.root.history.after(0)).findLast((change) => change.t > 0)
    return {
      file: look.is === 'broken' ? { is: 'broken', reason: look.reason } : { is: look.is === 'ours' ? 'current' : look.is },
      oldestPending: pending.length === 0 ? null : Math.min(...pending.map(({ t }) => t)),
      lastChange: last ?? null,
    }
  }

  /** What this process logs in to Redis with. */
  password(): string | undefined {
    return this.ports.connector.password?.()
  }

  private async latencyOf(store: WakingStore): Promise<number | null> {
    try {
      return await store.ping()
    } catch (error) {
      if (error instanceof StoreUnavailable) return null
      throw error
    }
  }

  async sync(): Promise<{ rev: number; agents: number; equal: boolean }> {
    const store = await this.ports.connector.connect()
    if (store === null) {
      const { reason } = this.ports.connector
      throw new MemoryError('unavailable', `Redis cannot be reached${reason === null ? '' : ` (${reason})`}: nothing was reconciled`, {
        suggestions: ['look at memory_sync status', 'what is pending is sent when Redis answers again'],
      })
    }
    const access = this.hub?.rounds ?? this.single
    const keeper = await access.alone(async (own) => {
      for (let round = 0; round < 3; round++) await own.round('all')
      return own
    })
    if (keeper === null) throw new MemoryError('failed', 'another process is the keeper of this root and does not finish')
    return this.compare(keeper, store)
  }

  /** Reads both sides back. */
  private async compare(keeper: Keeper, store: Store): Promise<{ rev: number; agents: number; equal: boolean }> {
    const lineage = await store.hello()
    const entries = await entriesOf(store, await readAll(store, lineage), keeper.replica)
    const redis = composeDocument(entries, { rev: 0, lastUpdate: undefined, order: [] })
    const look = await lookAtFile(this.ports, { replica: keeper.replica, rootId: keeper.id(), skewMs: keeper.skew() })
    const file = look.is === 'ours' ? look.text : '{}'
    const equal = equalTrees(withoutFacts(parseTreeMap(file)), withoutFacts(redis))
    return { rev: lineage.rev, agents: [...entries.keys()].filter((target) => agentOf(target) !== undefined).length, equal }
  }
}

function withoutFacts(document: TreeMap): TreeMap {
  const copy = new Map(document)
  copy.delete('rev')
  copy.delete('last_update')
  return copy
}

/** With files only nothing is pending: the next round numbers it. */
const pendingOf = (keeper: Keeper): Operation[] =>
  keeper.mode === 'off' ? [] : keeper.open.toReplay(keeper.replica).map(({ op }) => op)
