/**
 * Hosts with their roots, one Redis, and the processes that run on them. The engine is the real one; what is made up is the
 * disk, the network and the order in which things happen.
 */
import { createHash } from 'node:crypto'
import { Feed } from '../../src/core/feed.js'
import { Keeper } from '../../src/core/keeper.js'
import type { WriteRequest } from '../../src/core/memory.js'
import type { Connector, Ports } from '../../src/core/ports.js'
import { SingleRounds } from '../../src/core/rounds.js'
import { olderChanges } from '../../src/core/single-feed.js'
import { type KeeperAccess, Writer } from '../../src/core/writer.js'
import type { Entry } from '../../src/domain/entry.js'
import type { TreeMap } from '../../src/domain/json.js'
import type { Change, Target } from '../../src/domain/operation.js'
import { MemoryError } from '../../src/errors/errors.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { MemoryServer, type MemorySnapshot } from '../../src/store/memory/server.js'
import { Disk, filesOf } from './fake-files.js'
import { linkOf } from './link.js'
import type { RunOptions } from './options.js'
import { Chance, Process } from './scheduler.js'
import { note } from './trace.js'
import { HostWatcher } from './watchers.js'

export interface Host {
  i: number
  disk: Disk
  root: string
  cut: boolean
  skew: number
  /** The lowest and the highest skew so far. */
  skews: [number, number]
  hub: Process | null
  /** What the last hub knew, or knows. */
  known: ReadonlyMap<Target, Entry>
  watcher: HostWatcher
  /** Rounds that hubs have finished. */
  rounds: number
}

/** A command writes once, a program that lives on again and again. */
export interface Program {
  write(request: WriteRequest, id: string): Promise<'redis' | 'file' | 'refused'>
  end(): Promise<void>
}

export class World {
  readonly chance: Chance
  now = 1_700_000_000_000
  state: 'up' | 'down' | 'stopped' = 'up'
  snapshot: MemorySnapshot | null = null
  readonly server: MemoryServer
  readonly hosts: Host[]
  readonly processes: Process[] = []
  /** Everything that Redis ever committed, also what it has lost since. */
  readonly commits: Change[] = []
  /** Called before Redis loses data. */
  beforeLoss: () => void = () => undefined
  private queued: { run: string; work: () => Promise<unknown> }[] = []
  private nextPid = 100

  constructor(
    seed: number,
    readonly options: RunOptions,
  ) {
    this.chance = new Chance(seed)
    this.server = new MemoryServer({ now: () => this.now })
    this.hosts = Array.from({ length: options.hosts }, (_, i) => this.makeHost(i))
  }

  contextPath(host: Host): string {
    return `${host.root}/shared_memory/context.json`
  }

  spawn(name: string, main: (process: Process) => Promise<void>): Process {
    const process = new Process(this.nextPid++, name)
    this.processes.push(process)
    process.run(async () => {
      await process.gate()
      await main(process)
    })
    return process
  }

  startHub(host: Host): void {
    if (host.hub?.alive === true && !host.hub.finished) return
    host.hub = this.spawn(`hub ${host.i}`, async (process) => {
      const ports = this.portsOf(host, process)
      await ports.root.prepare()
      while ((await ports.lock.tryAcquire('for life')) === null) await process.gate()
      const keeper = new Keeper(ports)
      const feed = feedOf(ports, keeper)
      keeper.onNews((news) => {
        feed.take(news)
      })
      await keeper.round('all')
      host.known = keeper.replica.entries
      host.watcher.attach(feed, () => keeper.replica.seen.keys(), process)
      for (;;) {
        await keeper.round(keeper.isUnfinished ? [] : 'all', 'now', { replayMs: Infinity, records: 3 })
        host.known = keeper.replica.entries
        feed.wake()
        host.rounds++
      }
    })
  }

  /**
   * A program without a hub's socket: commits straight, and is the keeper for a round if nobody is. Every other one believes the records
   * to be what the hub of its host knew last, as a hub's own writer does, which knows it better.
   */
  program(host: Host, process: Process): Program {
    const ports = this.portsOf(host, process)
    const rounds = new SingleRounds(ports)
    const writer = new Writer(ports, process.pid % 2 === 0 ? rounds : believing(rounds, (target) => host.known.get(target)))
    const write: Program['write'] = async (request, id) => {
      try {
        const outcome = await writer.write(request, { id })
        return outcome.ok ? outcome.durability : 'refused'
      } catch (error) {
        if (error instanceof MemoryError && (error.code === 'unavailable' || error.code === 'unknown-outcome')) return 'refused'
        throw error
      }
    }
    return { write, end: () => rounds.idle() }
  }

  /** The revision of a record as a command without a hub sees it. */
  async revisionOf(host: Host, process: Process, target: string): Promise<number> {
    const view = await new SingleRounds(this.portsOf(host, process)).view()
    const entry = view.replica.entries.get(target)
    return entry?.live === true ? entry.rev : 0
  }

  /** The document that a reader of the root gets from its files. */
  async viewOf(host: Host, process: Process): Promise<TreeMap> {
    return (await new SingleRounds(this.portsOf(host, process)).view()).compose()
  }

  private makeHost(i: number): Host {
    const disk = new Disk(() => this.now + this.hosts[i]!.skew)
    const watcher = new HostWatcher(i, () => this.now)
    return { i, disk, root: `/h${i}`, cut: false, skew: 0, skews: [0, 0], hub: null, known: new Map(), watcher, rounds: 0 }
  }

  private runs(pid: number): boolean {
    return this.processes.some((other) => other.pid === pid && other.alive && !other.finished)
  }

  private portsOf(host: Host, process: Process): Ports {
    const clock = { now: () => this.now + host.skew, ticks: () => this.now, offsetMinutes: () => 0, pause: () => process.gate() }
    const root = new RootFiles(host.root, {
      files: filesOf(host.disk, process),
      clock,
      unique: () => this.chance.hex(8),
      processes: {
        self: () => ({ pid: process.pid, start: '', boot: '' }),
        isAlive: ({ pid }) => this.runs(pid),
        owner: () => ({ pid: process.pid, start: '', boot: '', host: host.root }),
        sight: ({ pid }) => (this.runs(pid) ? 'alive' : 'gone'),
      },
    })
    return {
      root,
      lock: root.lock,
      clock,
      randomId: () => this.chance.hex(32),
      digest: (text) => createHash('sha256').update(text).digest('hex'),
      connector: this.connectorOf(host, process),
      fileStore: fileStoreOf(root, clock),
      tell: () => undefined,
    }
  }

  // ---- Redis and the way to it

  reaches(host: Host): boolean {
    return this.options.redis === 'named' && this.state !== 'down' && !host.cut
  }

  private connectorOf(host: Host, process: Process): Connector {
    const connect: Connector['connect'] = async () => {
      await process.gate()
      return this.reaches(host) && this.state === 'up' ? linkOf(this, host, process) : null
    }
    return { configured: this.options.redis, connect, reason: null, url: null, namespace: 'memory', close: () => Promise.resolve() }
  }

  /** What a stopped server has received. */
  queue(run: string, work: () => Promise<unknown>): void {
    this.queued.push({ run, work })
  }

  /** A stopped server that goes on does what it had received. */
  async resume(): Promise<void> {
    this.state = 'up'
    const queued = this.queued
    this.queued = []
    for (const { run, work } of queued) if (run === this.server.run) await work()
  }

  restart(keep: 'all' | 'nothing' | MemorySnapshot): void {
    this.queued = []
    note(this.now, 'RESTART', typeof keep === 'string' ? keep : 'older')
    if (keep !== 'all') this.beforeLoss()
    this.server.restart({ keep })
    this.state = 'up'
  }

  flush(): void {
    note(this.now, 'FLUSH')
    this.beforeLoss()
    this.server.flush()
  }
}

const feedOf = (ports: Ports, keeper: Keeper): Feed =>
  new Feed({
    rev: () => keeper.replica.rev,
    now: () => keeper.now(),
    rootId: () => keeper.id(),
    pending: () => keeper.pendingOperations(),
    isOpen: (id) => keeper.open.has(id),
    lastSettled: () => keeper.open.lastSettled,
    document: () => keeper.compose(),
    older: (after) => olderChanges(ports, keeper.history, after, keeper.replica.rev),
  })

const believing = (rounds: SingleRounds, known: KeeperAccess['known']): KeeperAccess => ({
  facts: (id) => rounds.facts(id),
  settle: (mustWait) => rounds.settle(mustWait),
  view: () => rounds.view(),
  alone: (action, patience) => rounds.alone(action, patience),
  mode: (facts, store) => rounds.mode(facts, store),
  has: () => rounds.has(),
  known,
  took: () => rounds.took(),
})
