/**
 * Two hosts with their roots, one Redis, writers, legacy programs, hand editors, and everything that can go wrong with them.
 * The engine is the real one; what is made up is the disk, the network and the order in which things happen.
 */
import { createHash } from 'node:crypto'
import { Keeper } from '../../src/core/keeper.js'
import type { WriteRequest } from '../../src/core/memory.js'
import type { Connector, Ports } from '../../src/core/ports.js'
import { SingleRounds } from '../../src/core/rounds.js'
import { Writer } from '../../src/core/writer.js'
import { StoreUnavailable } from '../../src/errors/errors.js'
import type { Store } from '../../src/store/contract.js'
import { FileStore } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { MemoryServer, type MemorySnapshot } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { Disk, filesOf } from './fake-files.js'
import { Chance, Process } from './scheduler.js'
import { note } from './trace.js'

export interface WorldOptions {
  hosts: number
  /** Probability that an answer of Redis is lost after the work was done. */
  replyLoss: number
  redis: 'named' | 'off'
}

export interface Host {
  i: number
  disk: Disk
  root: string
  cut: boolean
  skew: number
  hub: Process | null
  /** Rounds that hubs have finished. */
  rounds: number
}

type ServerState = 'up' | 'down' | 'stopped'

export class World {
  readonly chance: Chance
  now = 1_700_000_000_000
  state: ServerState = 'up'
  snapshot: MemorySnapshot | null = null
  readonly server: MemoryServer
  readonly hosts: Host[]
  readonly processes: Process[] = []
  private readonly queued: { run: string; work: () => Promise<unknown> }[] = []
  private nextPid = 100

  constructor(
    seed: number,
    readonly options: WorldOptions,
  ) {
    this.chance = new Chance(seed)
    this.server = new MemoryServer({ now: () => this.now })
    this.hosts = Array.from({ length: options.hosts }, (_, i) => ({
      i,
      disk: new Disk(() => this.now + this.hosts[i]!.skew),
      root: `/h${i}`,
      cut: false,
      skew: 0,
      hub: null,
      rounds: 0,
    }))
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
      while ((await ports.lock.tryAcquire()) === null) await process.gate()
      const keeper = new Keeper(ports)
      for (;;) {
        await keeper.round('all')
        host.rounds++
      }
    })
  }

  /** A command without a hub's socket: commits straight, and is the keeper for a round if nobody is. */
  async write(host: Host, process: Process, request: WriteRequest, id: string): Promise<'redis' | 'file' | 'refused'> {
    const ports = this.portsOf(host, process)
    const outcome = await new Writer(ports, new SingleRounds(ports)).write(request, { id })
    return outcome.ok ? outcome.durability : 'refused'
  }

  portsOf(host: Host, process: Process): Ports {
    const clock = {
      now: () => this.now + host.skew,
      offsetMinutes: () => 0,
      pause: () => process.gate(),
    }
    const root = new RootFiles(host.root, {
      files: filesOf(host.disk, process),
      clock,
      unique: () => this.chance.hex(8),
      processes: {
        self: () => ({ pid: process.pid, start: '', boot: '' }),
        isAlive: ({ pid }) => this.processes.some((other) => other.pid === pid && other.alive && !other.finished),
      },
    })
    return {
      root,
      lock: root.lock,
      clock,
      randomId: () => this.chance.hex(32),
      digest: (text) => createHash('sha256').update(text).digest('hex'),
      connector: this.connectorOf(host, process),
      fileStore: (keeper) =>
        new FileStore({
          replica: keeper.replica,
          append: (line) => root.append(line),
          history: root.history,
          save: () => keeper.save(),
          now: clock.now,
        }),
      tell: () => undefined,
    }
  }

  // ---- Redis and the way to it

  private reaches(host: Host): boolean {
    return this.options.redis === 'named' && this.state !== 'down' && !host.cut
  }

  private connectorOf(host: Host, process: Process): Connector {
    const connect = async (): Promise<Store | null> => {
      await process.gate()
      return this.reaches(host) && this.state === 'up' ? this.linkOf(host, process) : null
    }
    return { configured: this.options.redis, connect, reason: null, url: null, close: async () => undefined }
  }

  /** A connection: it ends with the server process, loses answers, and is silent while the server is stopped. */
  private linkOf(host: Host, process: Process): Store {
    const store = new MemoryStore(this.server)
    const { run } = this.server
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await process.gate()
      if (!this.reaches(host) || this.server.run !== run) throw new StoreUnavailable('connection refused', false)
      if (this.state === 'stopped') {
        if (this.chance.chance(0.6)) this.queued.push({ run, work })
        await process.gate()
        throw new StoreUnavailable('no answer', true)
      }
      const result = await work()
      if (this.chance.chance(this.options.replyLoss)) {
        await process.gate()
        throw new StoreUnavailable('connection lost', true)
      }
      await process.gate()
      if (this.server.run !== run && this.chance.chance(0.5)) throw new StoreUnavailable('connection lost', true)
      return result
    }
    return {
      name: 'memory',
      shared: true,
      hello: () => call(() => store.hello()),
      beginEpoch: (seen, next) =>
        call(async () => {
          const lineage = await store.beginEpoch(seen, next)
          note(this.now, process.name, 'epoch', seen.epoch, '->', lineage.epoch, lineage.rev, [...lineage.contains])
          return lineage
        }),
      read: (target) => call(() => store.read(target)),
      targets: () => call(() => store.targets()),
      commit: (proposal) =>
        call(async () => {
          const verdict = await store.commit(proposal)
          const { id, target, kind, t, leaves, lost } = proposal.draft
          const what = verdict.is === 'committed' ? { rev: verdict.change.rev, leaves, lost } : verdict
          note(this.now, process.name, 'commit', kind, target, id.slice(0, 8), 't', t - 1_700_000_000_000, verdict.is, what)
          return verdict
        }),
      heal: (epoch, target, roster, entry) =>
        call(() => {
          note(this.now, process.name, 'heal', target, roster, entry.rev, [...entry.tree.keys()])
          return store.heal(epoch, target, roster, entry)
        }),
      changesAfter: (rev, limit) => call(() => store.changesAfter(rev, limit)),
      contain: (epoch, known, ids) =>
        call(() => {
          note(this.now, process.name, 'contain', epoch, [...known], ids.length)
          return store.contain(epoch, known, ids)
        }),
      seenIds: (after) => call(() => store.seenIds(after)),
      close: () => store.close(),
    }
  }

  /** A stopped server that goes on does what it had received. */
  async resume(): Promise<void> {
    this.state = 'up'
    for (const { run, work } of this.queued.splice(0)) if (run === this.server.run) await work()
  }

  restart(keep: 'all' | 'nothing' | MemorySnapshot): void {
    this.queued.length = 0
    note(this.now, 'RESTART', typeof keep === 'string' ? keep : 'older')
    this.server.restart({ keep })
    this.state = 'up'
  }
}
