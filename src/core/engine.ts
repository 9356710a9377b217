/** The context in this process: for one command, or (once started) as the hub of its root. */
import { formatLine, type TreeMap } from '../domain/json.js'
import type { Change } from '../domain/operation.js'
import type { WakingStore } from '../store/contract.js'
import type { Engine, LogLine, OperationIds } from './engine-types.js'
import { Feed } from './feed.js'
import { HubRounds } from './hub-rounds.js'
import type { LeasePorts } from './lease-arbiter.js'
import type { Leases } from './leases.js'
import { type Leasing, leasingBy } from './leasing.js'
import { operationIds } from './ids.js'
import { examine, type Examination, reconcile, statusOf } from './inspection.js'
import type { Keeper } from './keeper.js'
import type { Comparison, Notice, Snapshot, Status, TaskSnapshot, WatchRequest, WriteOutcome, WriteRequest } from './memory.js'
import type { Ports } from './ports.js'
import { Reading } from './reading.js'
import { SingleRounds } from './rounds.js'
import { olderChanges } from './single-feed.js'
import { watchFeed } from './watch.js'
import { presentCursor, watchAlone, type WatchFiles } from './watching.js'
import { Writer } from './writer.js'

export interface EngineOptions {
  ports: Omit<Ports, 'tell'>
  watchFiles: WatchFiles
  /** Asked for when somebody has to do with a lease, and not before. */
  leases: () => Promise<LeasePorts>
}

export class LocalEngine implements Engine {
  private readonly ports: Ports
  private readonly single: SingleRounds
  private readonly reading: Reading
  private hub: { rounds: HubRounds; feed: Feed; stopWatching: () => void } | null = null
  private writer: Writer
  private readonly listeners = new Set<(line: LogLine) => void>()
  readonly leases: Leasing = leasingBy(async (use) => use(await this.loadLeases()))
  /** What is written after a watch was asked for is told by it: a write waits until it is known where those begin. */
  private watchesBegin: Promise<void> | null = null
  private loadedLeases: Promise<Leases> | null = null

  constructor(private readonly options: EngineOptions) {
    this.ports = {
      ...options.ports,
      tell: (level, text, mended) => {
        for (const listener of this.listeners) listener({ level, text, isMended: mended !== undefined })
      },
    }
    this.single = new SingleRounds(this.ports)
    this.reading = new Reading(this.ports, this.single)
    this.writer = new Writer(this.ports, this.single)
  }

  get redisUrl(): string | null {
    return this.ports.connector.url
  }

  on(listener: (line: LogLine) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  // ---- as a hub

  async start(lost?: (why: string) => void): Promise<void> {
    let feed: Feed | null = null
    const leases = await this.loadLeases()
    const rounds = new HubRounds(this.ports, (keeper) => (feed = this.feedOf(keeper)), (keeper) => leases.tellLineage(keeper))
    rounds.keeper.onNews((news) => {
      if (news.is === 'changes') void leases.noteChanges(news.changes)
    })
    await rounds.start(lost)
    const stopWatching = this.options.watchFiles(['context.json', 'journal'], () => {
      rounds.noteFiles()
    })
    this.hub = { rounds, feed: feed!, stopWatching }
    this.writer = new Writer(this.ports, rounds)
  }

  async isKeeper(): Promise<boolean> {
    return (await this.hub?.rounds.isKeeper()) ?? false
  }

  async stop(): Promise<void> {
    const hub = this.hub
    this.hub = null
    hub?.stopWatching()
    await hub?.rounds.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    await (await this.loadedLeases)?.close()
    await this.single.idle()
    await this.ports.connector.close()
  }

  private loadLeases(): Promise<Leases> {
    return (this.loadedLeases ??= (async () => {
      // eslint-disable-next-line no-restricted-syntax -- no engine of a hub starts without them
      const [{ Leases }, ports] = await Promise.all([import('./leases.js'), this.options.leases()])
      return new Leases(this.ports, ports, () => this.hub?.rounds ?? this.single)
    })())
  }

  private feedOf(keeper: Keeper): Feed {
    return new Feed({
      rev: () => keeper.replica.rev,
      now: () => keeper.now(),
      rootId: () => keeper.id(),
      pending: () => keeper.pendingOperations(),
      isOpen: (id) => keeper.open.has(id),
      lastSettled: () => keeper.open.lastSettled,
      document: () => keeper.compose(),
      older: (after) => olderChanges(this.ports, keeper.history, after, keeper.replica.rev),
    })
  }

  // ---- writing

  write(request: WriteRequest): Promise<WriteOutcome> {
    return this.submit(request, operationIds(request, this.ports.digest, this.ports.randomId))
  }

  async submit(request: WriteRequest, ids: OperationIds): Promise<WriteOutcome> {
    if (this.watchesBegin !== null) await this.watchesBegin
    return this.writer.write(request, ids)
  }

  async publish(event: TreeMap): Promise<boolean> {
    const text = formatLine(event)
    const connected = await this.ports.connector.connect()
    const store = connected !== null && 'publish' in connected ? (connected as WakingStore) : null
    if (this.hub !== null) await this.hub.rounds.publish(store, text)
    else await store?.publish(text)
    return this.hub !== null || store !== null
  }

  // ---- reading

  read(): Promise<Snapshot | null> {
    return this.hub === null ? this.reading.alone() : this.reading.asHub(this.hub.rounds)
  }

  readText(): Promise<string | null> {
    return this.hub === null ? this.reading.textAlone() : this.reading.textAsHub(this.hub.rounds)
  }

  readTasks(): Promise<TaskSnapshot> {
    return this.hub === null ? this.reading.tasksAlone() : this.reading.tasksAsHub(this.hub.rounds)
  }

  async history(since: number): Promise<Change[]> {
    return this.reading.history(this.hub === null ? await this.single.load() : this.hub.rounds.keeper, since)
  }

  watch(request: WatchRequest): AsyncIterable<Notice> {
    if (this.hub !== null) return watchFeed(this.hub.feed, request)
    const present = request.since === undefined ? presentCursor(this.ports, this.single) : Promise.resolve(request.since)
    const begun = Promise.allSettled([this.watchesBegin, present]).then(() => {
      if (this.watchesBegin === begun) this.watchesBegin = null
    })
    this.watchesBegin = begun
    return watchAlone(this.ports, this.single, this.options.watchFiles, request, present)
  }

  // ---- looking after

  async status(): Promise<Status> {
    const store = await this.ports.connector.connect()
    const { view, isApart } = this.hub === null ? await this.reading.load() : { view: await this.hub.rounds.view(), isApart: false }
    const hub = { running: this.hub !== null, pid: null, version: null, startedAt: null }
    return { ...(await statusOf(this.ports, view, store, isApart)), hub }
  }

  /** Has a round done, which restores, takes in and replicates; never deletes. */
  async mend(): Promise<void> {
    await (this.hub?.rounds ?? this.single).settle(true)
  }

  /** Folds the journal, so that lines that nobody can read are left behind. null: another process is the keeper; false: see Keeper. */
  foldJournal(): Promise<boolean | null> {
    return (this.hub?.rounds ?? this.single).alone(async (keeper) => {
      await keeper.round([])
      return keeper.foldJournal()
    })
  }

  /** What health wants to know beyond the status. */
  async examine(): Promise<Examination> {
    return examine(this.ports, await this.view())
  }

  sync(): Promise<Comparison> {
    return reconcile(this.ports, this.hub?.rounds ?? this.single)
  }

  private view(): Promise<Keeper> {
    return this.hub === null ? this.single.load() : this.hub.rounds.view()
  }
}
