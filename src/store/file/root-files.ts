/** A root on disk: `<root>/shared_memory/context.json`, and `.memory_sync/` beside it for everything that is ours. */
import { basename, dirname, join } from 'node:path'
import { messageOf, NotTaken } from '../../errors/errors.js'
import type { Clock } from '../../platform/clock.js'
import { type Files, type FileText, type Identity, sameIdentity } from '../../platform/files.js'
import type { Processes } from '../../platform/processes.js'
import type { Glance, JournalLine, JournalTail, Loaded, Root, RootState } from '../root.js'
import { ContextFile } from './document.js'
import { FreshNoteFile } from './fresh-note.js'
import { Glances } from './glances.js'
import { HistoryFile } from './history.js'
import { Journal } from './journal.js'
import { ChainLock } from './lock.js'
import { RootId } from './root-id.js'
import { emptyState, formatAhead, formatState, type Head, parseHead, parseState } from './state-format.js'
import { VersionLog } from './versions.js'

/** A temporary file is written, linked or renamed, and gone, within milliseconds. One that a stopped process still needs is made again. */
const ABANDONED_MS = 60_000
const TEMPORARY = /^(keeper\.tmp-.+|root-id\..+|(state|version\.\d+)\.json\.tmp)$/

export interface RootPorts {
  files: Files
  clock: Clock
  processes: Processes
  /** A new random text on each call: names of temporary files, the id of the root. */
  unique: () => string
}

export class RootFiles implements Root {
  readonly document: ContextFile
  readonly versions: VersionLog
  readonly history: HistoryFile
  readonly freshness: FreshNoteFile
  readonly lock: ChainLock
  private readonly files: Files
  private readonly directory: string
  private readonly statePath: string
  /** The state before, or a copy of it: what there is when the state cannot be read. */
  private readonly formerPath: string
  private readonly journal: Journal
  private readonly glances: Glances
  private readonly rootId: RootId
  private preparing: Promise<void> | null = null

  constructor(
    readonly path: string,
    private readonly ports: RootPorts,
  ) {
    const { files, clock, unique } = ports
    this.files = files
    this.directory = join(path, 'shared_memory', '.memory_sync')
    this.statePath = join(this.directory, 'state.json')
    this.formerPath = join(this.directory, 'state.former.json')
    this.journal = new Journal(this.directory, files)
    this.glances = new Glances(this.statePath, files, this.journal, () => this.head())
    this.document = new ContextFile(join(path, 'shared_memory', 'context.json'), this.directory, files, clock, unique)
    this.versions = new VersionLog(this.directory, files, clock)
    this.history = new HistoryFile(this.directory, files)
    this.freshness = new FreshNoteFile(join(this.directory, 'fresh'), files)
    this.rootId = new RootId(join(this.directory, 'root-id'), files, unique)
    this.lock = new ChainLock(this.directory, files, ports.processes, unique)
  }

  /** Asked for by many at once, it is done once. */
  prepare(): Promise<void> {
    return (this.preparing ??= Promise.resolve().then(() => {
      this.preparing = null
      return this.prepareNow()
    }))
  }

  private async prepareNow(): Promise<void> {
    try {
      await this.journal.probe().catch(async () => {
        await this.files.makeDirectory(this.directory, 0o700)
        await this.journal.probe()
      })
    } catch (error) {
      throw new NotTaken(`the root ${this.path} cannot be written (${messageOf(error)})`, {
        cause: error,
        suggestions: ['name another root with --root or MEMORY_SYNC_ROOT, or mend its permissions'],
      })
    }
  }

  id(): Promise<string> {
    return this.rootId.read()
  }

  append(line: JournalLine): Promise<void> {
    return this.journal.append(line)
  }

  glance(id?: string): Promise<Glance> {
    return this.glances.glance(id)
  }

  async load(): Promise<Loaded> {
    for (;;) {
      const before = await this.files.read(this.statePath)
      const { state, damage } = await this.stateOr(before)
      const journal = await this.journal.readAfter(state.generation)
      const saved = before?.identity ?? null
      if (journal !== null && (await this.isSaved(saved))) return { state, saved, ...journal, damage }
    }
  }

  async isSaved(saved: Identity | null): Promise<boolean> {
    return sameIdentity(saved, await this.files.identify(this.statePath))
  }

  private async stateOr(read: FileText | null): Promise<{ state: RootState; damage: string | null }> {
    const former = async (): Promise<string | null> => (await this.files.read(this.formerPath))?.text ?? null
    if (read === null) {
      const before = await former()
      return before === null ? { state: emptyState(), damage: null } : { state: stateOrEmpty(before), damage: 'it is missing' }
    }
    if (read.unreadable !== undefined) return { state: stateOrEmpty(await former()), damage: read.unreadable }
    try {
      return { state: parseState(read.text), damage: null }
    } catch (error) {
      return { state: stateOrEmpty(await former()), damage: messageOf(error) }
    }
  }

  more(tail: JournalTail): Promise<{ lines: JournalLine[]; tail: JournalTail }> {
    return this.journal.readSince(tail)
  }

  isTail(tail: JournalTail): Promise<boolean> {
    return this.journal.isTail(tail)
  }

  seal(generation: number): Promise<void> {
    return this.journal.seal(generation)
  }

  async prepareSave(state: RootState): Promise<void> {
    for (const _ of formatAhead(state)) await this.ports.clock.pause(0)
  }

  async save(state: RootState): Promise<Identity | null> {
    const temporary = `${this.statePath}.tmp` // only the keeper saves
    const text = formatState(state)
    await this.files.write(temporary, text, { durable: true })
    await this.keepFormer(text, state.replica.epoch)
    await this.files.rename(temporary, this.statePath)
    await this.files.syncDirectory(this.directory)
    return this.files.identify(this.statePath)
  }

  /** Of another epoch, the state before does not go on with the lines of the journal: then there is a copy of the new one. */
  private async keepFormer(text: string, epoch: string | null): Promise<void> {
    const present = await this.headAt(this.statePath)
    if (present === null || present.epoch !== epoch) {
      const temporary = `${this.formerPath}.tmp`
      await this.files.write(temporary, text, { durable: true })
      await this.files.rename(temporary, this.formerPath)
      return
    }
    await this.files.remove(this.formerPath)
    await this.files.link(this.statePath, this.formerPath)
  }

  /** Those that the state before needs are kept with it. */
  async dropSegments(upTo: number): Promise<void> {
    const former = await this.headAt(this.formerPath)
    await this.journal.dropSegments(Math.min(upTo, former?.generation ?? 0))
  }

  async setStateAside(): Promise<string | null> {
    const at = String(this.ports.clock.now()).padStart(15, '0')
    const aside = join(this.directory, 'aside')
    await this.files.makeDirectory(aside, 0o700)
    const keep = (name: string): Promise<boolean> => this.files.rename(join(this.directory, name), join(aside, `${at}.broken.${name}`))
    const former = (await this.files.read(this.formerPath))?.text ?? null
    if (former === null || readableState(former) === null) {
      await keep('state.former.json')
      // Nothing is left that says which versions of context.json are ours: it is taken over as at the first contact.
      for (const name of await this.files.list(this.directory)) if (/^version\.\d+\.(?:json|log)$/.test(name)) await keep(name)
      this.versions.reload()
    }
    return (await keep('state.json')) ? join(aside, `${at}.broken.state.json`) : null
  }

  /** For health: why the saved state cannot be read; null: it can, or there is none. */
  async inspectState(): Promise<string | null> {
    const read = await this.files.read(this.statePath)
    return (await this.stateOr(read)).damage
  }

  /** For health: lines, and those of them that are none. */
  inspectHistory(): Promise<{ lines: number; unreadable: number }> {
    return this.history.inspect()
  }

  async sweep(): Promise<void> {
    const context = await this.files.resolve(join(this.path, 'shared_memory', 'context.json'))
    const prefix = `.${basename(context)}.`
    await this.sweepIn(this.directory, (name) => TEMPORARY.test(name))
    await this.sweepIn(join(this.directory, 'leases'), (name) => name.startsWith('tmp-'))
    await this.sweepIn(dirname(context), (name) => name.startsWith(prefix) && name.endsWith('.tmp'))
  }

  /** For health: lines, and those of them that are none. */
  async inspectJournal(): Promise<{ lines: number; unreadable: number }> {
    return this.journal.inspect((await this.head())?.generation ?? 0)
  }

  /** For health: copies of what could not be read, oldest first. */
  async setAside(): Promise<string[]> {
    const aside = join(this.directory, 'aside')
    return (await this.files.list(aside)).sort().map((name) => join(aside, name))
  }

  private async sweepIn(directory: string, isTemporary: (name: string) => boolean): Promise<void> {
    for (const name of (await this.files.list(directory)).filter(isTemporary)) {
      const path = join(directory, name)
      const identity = await this.files.identify(path)
      if (identity === null || this.ports.clock.now() - identity.mtimeMs < ABANDONED_MS) continue
      await this.files.remove(path).catch(() => undefined) // what cannot be removed is in nobody's way
    }
  }

  private async head(): Promise<Head | null> {
    return (await this.headAt(this.statePath)) ?? this.headAt(this.formerPath)
  }

  /** null: there is none, or it cannot be read. */
  private async headAt(path: string): Promise<Head | null> {
    const first = await this.files.firstLine(path)
    try {
      return first === null ? null : parseHead(first)
    } catch {
      return null // `load` says so, and the keeper sets it aside
    }
  }
}

/** Both may be broken: what is left then is context.json, the journal and the shared store. */
const stateOrEmpty = (text: string | null): RootState => (text === null ? null : readableState(text)) ?? emptyState()

function readableState(text: string): RootState | null {
  try {
    return parseState(text)
  } catch {
    return null
  }
}
