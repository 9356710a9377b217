/** A Memory: the hub's, while one answers; else this process does it itself, with the same ids. */
import { HubGone } from '../client/connection.js'
import type { HubClient } from '../client/hub-client.js'
import { REDIS_SETTINGS } from '../client/run-wire.js'
import { isSet } from '../config/root.js'
import { type AcquireOutcome, type AcquireRequest, isKeeperBusy, type Leasing, leasingBy } from '../core/leasing.js'
import { Fate } from '../core/fate.js'
import type { Comparison, Memory, Notice, Snapshot, Status, TaskSnapshot, WatchRequest, WriteOutcome, WriteRequest } from '../core/memory.js'
import type { TreeMap } from '../domain/json.js'
import type { Change } from '../domain/operation.js'
import { MemoryError, wasClosed } from '../errors/errors.js'
import type { LocalEngine } from '../core/engine.js'
import type { OpenOptions } from './engine.js'
import { HubLink } from './hub-link.js'
import { heldUntil } from '../domain/held.js'
import { idsOf } from './ids.js'
import { later } from '../platform/later.js'

export type { OpenOptions }

const loadSettings = later(() => import('./settings.js'))
const loadEngine = later(() => import('./engine.js'))

/** Throws MemoryError `usage` or `config` for a Redis that was named and cannot be one, with a hub too, which has its own. */
export async function openMemory(options: OpenOptions): Promise<Memory> {
  if (options.redisUrl !== undefined || options.redisPasswordFile !== undefined) await (await loadSettings()).settingsOf(options)
  return new HubOrSelf(options)
}

/** A keeper that many ask is asked again after this. */
const ASK_AGAIN_MS = 50

class HubOrSelf implements Memory {
  private readonly link: HubLink
  private self: Promise<LocalEngine> | null = null
  private closing: Promise<void> | null = null
  /** The settings that the environment names were looked at. */
  private isUsable = false
  /** What was asked for and is not answered yet. */
  private readonly running = new Set<Promise<unknown>>()
  /** For those who follow, or wait for others: most calls do neither, and it takes half a millisecond of a command. */
  private ending: AbortController | null = null
  readonly leases: Leasing

  constructor(private readonly options: OpenOptions) {
    this.link = new HubLink(options.root)
    const leases = leasingBy((use) => {
      const by = (whom: { leases: Leasing }): ReturnType<typeof use> => use(whom.leases)
      return this.orPatiently(() => this.byHubOrSelf(by, by), by)
    })
    this.leases = {
      ...leases,
      acquire: (request, signal) => this.waiting(request, (by, rest) => this.acquire(by, rest, signal)),
      untilFree: (request, signal) => this.waiting(request, (by, rest) => by.untilFree(rest, this.orEnding(signal))),
    }
  }

  /** What is granted while this memory is closed, or after the abort, would be held by nobody. Throws the reason of the abort. */
  private async acquire(by: Leasing, request: AcquireRequest, signal?: AbortSignal): Promise<AcquireOutcome> {
    signal?.throwIfAborted()
    const outcome = await by.acquire(request, this.orEnding(signal))
    if ((this.closing !== null || signal?.aborted === true) && outcome.is === 'granted') {
      const { id, name, token, holder } = request
      await by.release({ id: `${id}.gone`, name, token, reason: 'nobody took it', by: holder })
    }
    this.refuseClosed()
    signal?.throwIfAborted()
    return outcome
  }

  private orEnding(signal?: AbortSignal): AbortSignal {
    const { signal: ending } = (this.ending ??= new AbortController())
    if (this.closing !== null) this.ending.abort()
    return signal === undefined ? ending : AbortSignal.any([signal, ending])
  }

  /** A hub that dies while somebody waits, or begins: he goes on waiting for the rest of his time, at his place in the queue. */
  private async waiting<R extends { waitMs: number }, T>(request: R, ask: (by: Leasing, rest: R) => Promise<T>): Promise<T> {
    const until = performance.now() + request.waitMs
    const rest = (): R => (request.waitMs === 0 ? request : { ...request, waitMs: Math.max(1, Math.round(until - performance.now())) })
    const by = ({ leases }: { leases: Leasing }): Promise<T> => ask(leases, rest())
    for (;;) {
      try {
        return await this.orPatiently(() => this.byHubOrSelf(by, by), by)
      } catch (error) {
        const mayAskAgain = isKeeperBusy(error) || error instanceof HubGone
        if (!mayAskAgain || this.closing !== null || performance.now() + ASK_AGAIN_MS >= until) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
    }
  }

  async write(request: WriteRequest): Promise<WriteOutcome> {
    const { operationId } = this.options
    const ids = idsOf(request, operationId)
    const fate = new Fate(operationId !== undefined)
    const byHub = (hub: HubClient): Promise<WriteOutcome> => fate.after(hub.submit(request, ids))
    const once = (): Promise<WriteOutcome> => this.byHubOrSelf(byHub, (engine) => engine.submit(request, ids))
    const isConditional = request.ifRev !== undefined || request.fence !== undefined
    const outcome = await fate.told(request, isConditional ? this.orPatiently(once, byHub) : once())
    // Who had done it under this id was asked by this call: what follows the write is up to nobody else.
    if (outcome.ok) delete outcome.repeated
    return outcome
  }

  /** Where nobody else may decide, a hub that was only busy is given one more chance, with the same ids. */
  private async orPatiently<T>(attempt: () => Promise<T>, byHub: (hub: HubClient) => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof MemoryError) || error.code !== 'unavailable' || this.closing !== null) throw error
      const hub = await this.link.takePatiently()
      if (hub === null) throw error
      return this.followed(byHub(hub).finally(() => this.link.leave(hub)))
    }
  }

  read(): Promise<Snapshot | null> {
    return this.byHubOrSelf((hub) => hub.read(), (engine) => engine.read())
  }

  readText(): Promise<string | null> {
    return this.byHubOrSelf((hub) => hub.readText(), (engine) => engine.readText())
  }

  readTasks(): Promise<TaskSnapshot> {
    return this.byHubOrSelf((hub) => hub.readTasks(), (engine) => engine.readTasks())
  }

  history(since: number): Promise<Change[]> {
    return this.byHubOrSelf((hub) => hub.history(since), (engine) => engine.history(since))
  }

  async status(): Promise<Status> {
    return this.byHubOrSelf(
      async (hub) => {
        const { pid, version, startedAt } = hub.hub
        return { ...(await hub.status()), hub: { running: true, pid, version, startedAt } }
      },
      (engine) => engine.status(),
    )
  }

  sync(): Promise<Comparison> {
    return this.byHubOrSelf((hub) => hub.sync(), (engine) => engine.sync())
  }

  publish(event: TreeMap): Promise<boolean> {
    return this.byHubOrSelf((hub) => hub.publish(event), (engine) => engine.publish(event))
  }

  /** Goes on without the hub when there is none any more, and stays without: one that comes later may not know its cursor, and would show it a gap. */
  async *watch(request: WatchRequest): AsyncGenerator<Notice, void, undefined> {
    this.refuseClosed()
    const signal = this.orEnding(request.signal)
    let since = request.since
    const hub = await this.connectHub()
    if (hub !== null) {
      const leave = heldUntil(signal, () => {
        this.link.leave(hub)
      })
      try {
        for await (const notice of hub.watch({ ...request, signal })) {
          if ('cursor' in notice) since = notice.cursor
          yield notice
        }
        return
      } catch (error) {
        if (!(error instanceof HubGone)) throw error
        this.link.drop(hub)
      } finally {
        leave()
      }
    }
    if (signal.aborted) return
    const engine = await this.engine()
    for await (const notice of engine.watch({ ...request, signal, ...(since !== undefined && { since }) })) {
      if (notice.is === 'ready' && since !== request.since) continue // it was said when the watch began
      yield notice
    }
  }

  /** Who follows, or waits for a lease, is ended; what else was asked for is answered first. */
  close(): Promise<void> {
    return (this.closing ??= this.closeNow())
  }

  private async closeNow(): Promise<void> {
    this.ending?.abort()
    while (this.running.size > 0) await Promise.allSettled(this.running)
    await this.link.close()
    await (await this.self?.catch(() => null))?.close() // one that could not be opened has told who asked
  }

  private followed<T>(work: Promise<T>): Promise<T> {
    this.running.add(work)
    const forget = (): void => void this.running.delete(work)
    work.then(forget, forget)
    return work
  }

  private byHubOrSelf<T>(byHub: (hub: HubClient) => Promise<T>, bySelf: (engine: LocalEngine) => Promise<T>): Promise<T> {
    return this.followed(this.askHubOrSelf(byHub, bySelf))
  }

  /** What the hub did not answer is done here. A write that it may have done carries the same id, and is done once. */
  private async askHubOrSelf<T>(byHub: (hub: HubClient) => Promise<T>, bySelf: (engine: LocalEngine) => Promise<T>): Promise<T> {
    this.refuseClosed()
    const hub = await this.connectHub()
    if (hub !== null) {
      try {
        return await byHub(hub)
      } catch (error) {
        if (!(error instanceof HubGone)) throw error
        this.link.drop(hub)
      } finally {
        this.link.leave(hub)
      }
    }
    return bySelf(await this.engine())
  }

  private refuseClosed(): void {
    if (this.closing !== null) throw wasClosed()
  }

  /** Throws MemoryError `config` for variables that cannot be used: whoever set them is told, whoever does what is asked. */
  private async connectHub(): Promise<HubClient | null> {
    const { env, pastHub } = this.options
    if (pastHub === true) return null
    if (!this.isUsable && REDIS_SETTINGS.some((name) => isSet(env[name]))) (await loadSettings()).refuseUnusable(this.options)
    this.isUsable = true
    return this.link.take()
  }

  private engine(): Promise<LocalEngine> {
    return (this.self ??= loadEngine().then(({ openLocalEngine }) => openLocalEngine(this.options)))
  }
}
