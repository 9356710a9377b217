/**
 * Takes in what hooks could not deliver. Every record has the key of its first attempt, so that it is taken once, whether that
 * attempt arrived or not, and however often the hub dies between writing and removing. What cannot be recorded is kept apart.
 */
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { spoolFolderOf } from '../client/socket-path.js'
import type { Memory } from '../core/memory.js'
import { isSpoolName } from '../domain/name.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { randomId } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import { parseSpooled, takeSpooled } from '../usecases/spooled.js'
import type { Component } from './components.js'
import { entriesIn, readWhole, rejectFile, unlessMissing } from './drop-files.js'
import { FolderWatch } from './folder-watch.js'
import type { Log } from './log.js'
import { Looker } from './looker.js'
import { Strays } from './strays.js'

export interface SpoolBoxOptions {
  root: string
  memory: Memory
  log: Log
  clock: Pick<Clock, 'now' | 'offsetMinutes'>
  /** A hook may be at a file whose name begins with a dot for so long; then it has died, ms. */
  attemptMs?: number
  /** What is no record may still be written for so long, ms. */
  patienceMs?: number
  /** How often the spool is looked at without a hint, ms. */
  rescanMs?: number
}

export class SpoolBox implements Component {
  readonly name = 'spool'
  private readonly folder: string
  private readonly watch: FolderWatch
  private readonly looker: Looker
  private readonly strays: Strays
  private readonly told = new Map<string, string>()

  constructor(private readonly options: SpoolBoxOptions) {
    this.folder = spoolFolderOf(options.root)
    this.strays = new Strays(options.log, 'the spool')
    this.looker = new Looker(() => this.look(), options.log, 'the spool')
    const changed = (): void => {
      this.looker.lookNow()
    }
    this.watch = new FolderWatch(this.folder, changed, options.log, 0o700) // as the hooks make it, and all that is ours
  }

  start(): Promise<void> {
    this.looker.lookNow()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.watch.close()
    await this.looker.stop()
  }

  /** The oldest first: names begin with the time. Returns when to look again, ms. */
  private async look(): Promise<number> {
    const { rescanMs = 2_000 } = this.options
    this.watch.ensure()
    const names = this.strays.filesAmong(await entriesIn(this.folder, isSpoolName))
    for (const name of names.sort(byTime)) {
      if (this.looker.isStopping) break
      if (name.startsWith('.') && !(await this.isLeft(name))) continue
      if (!(await this.consider(name))) break
    }
    return rescanMs
  }

  private async isLeft(name: string): Promise<boolean> {
    return (await this.ageOf(name)) > (this.options.attemptMs ?? 60_000)
  }

  private async ageOf(name: string): Promise<number> {
    const found = await unlessMissing(() => stat(join(this.folder, name)))
    return found === null ? 0 : this.options.clock.now() - found.mtimeMs
  }

  /** False: nothing can be taken at present. */
  private async consider(name: string): Promise<boolean> {
    const path = join(this.folder, name)
    try {
      const bytes = await readWhole(path)
      if (bytes !== null) await takeSpooled(this.surroundings, { root: this.options.root, files: nodeFiles }, parseSpooled(bytes))
      await rm(path, { force: true })
      this.told.delete(name)
    } catch (error) {
      // One file that cannot be read, or is none, holds up only itself.
      if (!(error instanceof MemoryError)) return this.tellOnce(name, messageOf(error))
      if (error.code === 'usage') await this.rejectLater(name, error.message)
      else this.tellOnce(name, messageOf(error))
      return error.code !== 'unavailable' && error.code !== 'unknown-outcome'
    }
    return true
  }

  private get surroundings(): Parameters<typeof takeSpooled>[0] {
    const { memory, clock } = this.options
    return { memory, clock, random: randomId }
  }

  private tellOnce(name: string, reason: string): true {
    if (this.told.get(name) !== reason) this.options.log.warn(`${name} of the spool waits: ${reason}`)
    this.told.set(name, reason)
    return true
  }

  private async rejectLater(name: string, reason: string): Promise<void> {
    if ((await this.ageOf(name)) < (this.options.patienceMs ?? 2_000)) return
    const kept = await rejectFile(this.folder, name, join(this.folder, 'rejected'), this.options.clock.now(), reason)
    if (kept === null) return
    this.options.log.warn(`${name} of the spool cannot be recorded, and is kept as rejected/${kept}: ${reason}`)
  }
}

const byTime = (a: string, b: string): number => (a.replace(/^\./, '') < b.replace(/^\./, '') ? -1 : 1)
