/**
 * Takes what agents drop into the inbox: written to the context first, moved away after. A drop has a key of its own, so a hub
 * that died between the two writes it once, and nothing that cannot be read is thrown away.
 */
import { relative } from 'node:path'
import type { ServedMemory } from '../core/engine-types.js'
import type { WriteOutcome } from '../core/memory.js'
import { leafOf, type Tree } from '../domain/json.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { type Bridge, bridgeOf } from '../usecases/bridge.js'
import type { Component } from './components.js'
import { dropKey, type DropName, isAmbiguous, parseDrop, parseDropName, writeOfDrop } from './drop.js'
import { type DropContent, type DropFile, entriesIn, lookAtDrops, MAX_DROP_BYTES, moveDrop, readDrop, rejectFile } from './drop-files.js'
import { FolderWatch, UNWATCHED_MS } from './folder-watch.js'
import type { Log } from './log.js'
import { Looker } from './looker.js'
import { Strays } from './strays.js'

export interface DropBoxOptions {
  root: string
  memory: Pick<ServedMemory, 'read' | 'write' | 'publish'>
  log: Log
  clock: Pick<Clock, 'now' | 'offsetMinutes'>
  /** A file that changed within this time may still be written, ms. */
  momentMs?: number
  /** One that is no JSON has so long to become it, ms. */
  patienceMs?: number
  /** How often the inbox is looked at without a hint, ms. */
  rescanMs?: number
}

/** How long a file has been as it is, and what was last said about it. */
interface Sighting {
  state: string
  since: number
  told?: string
}

export class DropBox implements Component {
  readonly name = 'drop box'
  private readonly bridge: Bridge
  private readonly watch: FolderWatch
  private readonly looker: Looker
  private readonly momentMs: number
  private readonly patienceMs: number
  private readonly rescanMs: number
  private readonly strays: Strays
  private sightings = new Map<string, Sighting>()

  constructor(private readonly options: DropBoxOptions) {
    this.bridge = bridgeOf(options.root)
    this.momentMs = options.momentMs ?? 50
    this.patienceMs = options.patienceMs ?? 5_000
    this.rescanMs = options.rescanMs ?? 5_000
    this.strays = new Strays(options.log, 'the inbox')
    this.looker = new Looker(() => this.look(), options.log, 'the inbox')
    this.watch = new FolderWatch(this.bridge.inbox, () => {
      this.looker.lookNow()
    }, options.log)
  }

  start(): Promise<void> {
    this.looker.lookNow()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.watch.close()
    await this.looker.stop()
  }

  /** One look at everything in the inbox, the oldest drop first. Returns when to look again, ms. */
  private async look(): Promise<number> {
    const rescanMs = this.watch.ensure() ? this.rescanMs : Math.min(this.rescanMs, UNWATCHED_MS)
    const names = this.strays.filesAmong(await entriesIn(this.bridge.inbox))
    const files = await lookAtDrops(this.bridge.inbox, names, this.options.clock.now())
    this.remember(files)
    const waiting = new Set<string>()
    let next = rescanMs
    for (const file of files.sort(byAge)) {
      if (this.looker.isStopping) break
      const drop = parseDropName(file.name)
      const kind = drop === null ? file.name : `${drop.agent}_${drop.what}`
      if (waiting.has(kind)) continue // an older one of its kind comes first, or it would have the last word
      const waitMs = await this.consider(file)
      if (waitMs === null) continue
      waiting.add(kind)
      next = Math.min(next, waitMs)
    }
    return next
  }

  private remember(files: readonly DropFile[]): void {
    const now = performance.now()
    const before = this.sightings
    this.sightings = new Map(
      files.map(({ name, state }) => {
        const known = before.get(name)
        return [name, known?.state === state ? known : { state, since: now }]
      }),
    )
  }

  /** When to look at this file again, ms; null: it is done with. */
  private async consider(file: DropFile): Promise<number | null> {
    const restMs = Math.max(file.ageMs, performance.now() - (this.sightings.get(file.name)?.since ?? 0))
    if (restMs < this.momentMs) return this.momentMs - restMs
    try {
      await this.take(file)
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === 'usage')) {
        this.tellOnce(file.name, messageOf(error))
        return this.rescanMs
      }
      if (restMs < this.patienceMs) return this.patienceMs - restMs
      await this.reject(file.name, error.message)
    }
    return null
  }

  /** Throws MemoryError `usage` for what can never be taken, and anything else for what may work later. */
  private async take({ name, size }: DropFile): Promise<void> {
    const drop = await this.whose(name)
    if (drop === null) throw new MemoryError('usage', 'its name is not <agent>_<what>_<epoch>.json with a legal agent name')
    if (size > MAX_DROP_BYTES) throw new MemoryError('usage', `it has ${size} bytes; a drop may have ${MAX_DROP_BYTES}`)
    const content = await readDrop(`${this.bridge.inbox}/${name}`)
    if (content === null) return
    await this.write(name, drop, content)
    const moved = await moveDrop(this.bridge.inbox, name, this.bridge.processed, this.options.clock.now())
    if (moved === null) return
    await this.announce(drop, name)
    await this.takeLatecomer(name, drop, content, moved)
  }

  private async whose(name: string): Promise<DropName | null> {
    if (!isAmbiguous(name)) return parseDropName(name)
    const agents = (await this.options.memory.read())?.context.get('agents')
    return parseDropName(name, (agent) => agents instanceof Map && agents.has(agent))
  }

  private async write(name: string, drop: DropName, { text, digest }: DropContent): Promise<void> {
    if (text === null) throw new MemoryError('usage', 'it is no UTF-8')
    const { clock, memory } = this.options
    const content = parseDrop(text)
    const now = { ms: clock.now(), offsetMinutes: clock.offsetMinutes() }
    const outcome = await memory.write({ ...writeOfDrop(drop, content, now), idempotencyKey: dropKey(name, digest) })
    // The key is made of the content: `other-payload` is this very drop, taken at another time.
    if (!outcome.ok && outcome.reason !== 'other-payload') throw refused(outcome)
  }

  /** Between reading and moving, another drop may have been written under the same name: it was moved instead. */
  private async takeLatecomer(name: string, drop: DropName, taken: DropContent, moved: string): Promise<void> {
    const content = await readDrop(moved)
    if (content === null || content.digest === taken.digest) return
    try {
      await this.write(name, drop, content)
    } catch (error) {
      const kept = relative(this.options.root, moved)
      this.options.log.warn(`a second drop ${name} was not taken, and is kept as ${kept}: ${messageOf(error)}`)
    }
  }

  private async announce({ agent }: DropName, file: string): Promise<void> {
    const event = new Map<string, Tree>([
      ['event', leafOf('new_data')],
      ['agent', leafOf(agent)],
      ['file', leafOf(file)],
    ])
    try {
      await this.options.memory.publish(event)
    } catch (error) {
      this.options.log.warn(`nobody was told of the drop ${file}: ${messageOf(error)}`) // a hint; the change itself is written
    }
  }

  private async reject(name: string, reason: string): Promise<void> {
    const kept = await rejectFile(this.bridge.inbox, name, this.bridge.rejected, this.options.clock.now(), reason)
    if (kept === null) return
    this.options.log.warn(`the drop ${name} cannot be taken, and is kept as rejected/${kept}: ${reason}`)
  }

  private tellOnce(name: string, text: string): void {
    const sighting = this.sightings.get(name)
    if (sighting === undefined || sighting.told === text) return
    sighting.told = text
    this.options.log.warn(`the drop ${name} waits: ${text}`)
  }
}

const refused = (outcome: Extract<WriteOutcome, { ok: false }>): MemoryError =>
  new MemoryError('usage', `it was refused: ${outcome.reason}`)

function byAge(a: DropFile, b: DropFile): number {
  const at = (file: DropFile): number => parseDropName(file.name)?.at ?? 0
  return at(a) - at(b) || (a.name < b.name ? -1 : 1)
}
