/**
 * The YAML copy of the work items, for people and older programs: kept current, and what they write there taken in, compared with
 * the version that it was made from.
 */
import type { TreeMap } from '../../domain/json.js'
import { equalTrees } from '../../domain/json.js'
import { circlesClosedBy, describeCircle } from '../../domain/task-circle.js'
import { readTracking, type Tracking, trackingOf } from '../../domain/tracking.js'
import { type TrackingEdit, trackingEdit } from '../../domain/tracking-edit.js'
import { MemoryError, messageOf } from '../../errors/errors.js'
import type { FileText, Identity } from '../../platform/files.js'
import type { DocumentFile, KeeperLock, Place, Versions } from '../../store/root.js'
import { writeItem, writeList } from './add.js'
import { loadTasks, type TaskSurroundings } from './surroundings.js'
import { trackingFacts } from './view.js'
import { writableOf } from './writable.js'
import { formatYaml, InvalidYaml, parseYaml, withoutLosses } from './yaml-text.js'

export interface CopyPorts {
  /** Of the file, for the history. */
  name: string
  /** Its place stands in the config: what is there and no file (a folder, /dev/null) is somebody else's, and stays. */
  isNamed: boolean
  file: DocumentFile
  versions: Versions
  lock: KeeperLock
  pause: (ms: number) => Promise<void>
  tell: (level: 'info' | 'warn' | 'error', text: string) => void
}

/** `unsettled`: somebody may still be writing it. `busy`: another process is at it. `away`: an edit waits for Redis. */
export type CopyState = 'current' | 'written' | 'unsettled' | 'busy' | 'away'

/** A file that cannot be read may be one that is being written; after this long it is broken. */
const SETTLE_MS = 1_000
/** More than any list of items has; YAML is slow to read, and a hub has other things to do. */
const MAX_LENGTH = 4 * 1024 * 1024
const LOCK_BUDGET_MS = 2_000
const LOCK_RETRY_MS = 10
const MAX_ATTEMPTS = 5

/** One look: takes in what others wrote, then writes what is to be shown. More than once is harmless. */
export async function keepCopy(surroundings: TaskSurroundings, ports: CopyPorts): Promise<CopyState> {
  for (let leftMs = LOCK_BUDGET_MS; ; leftMs -= LOCK_RETRY_MS) {
    const held = await ports.lock.tryAcquire()
    if (held !== null) {
      try {
        ports.versions.reload()
        return await new Copy(surroundings, ports).look()
      } finally {
        await held.release()
      }
    }
    if (leftMs <= 0) return 'busy'
    await ports.pause(LOCK_RETRY_MS)
  }
}

class Copy {
  constructor(
    private readonly surroundings: TaskSurroundings,
    private readonly ports: CopyPorts,
  ) {}

  async look(): Promise<CopyState> {
    for (const replaced of await this.ports.file.replaced()) {
      const text = await replaced.read()
      const state = text === null ? 'taken' : await this.takeIn(text, replaced, 'replaced')
      if (state === 'away') return state
      await replaced.forget()
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const text = await this.ports.file.read()
      const state = text === null ? 'taken' : await this.takeIn(text, this.ports.file, 'shown')
      if (state !== 'taken') return state
      const done = await this.putOut(text?.unreadable === undefined ? text : null)
      if (done !== 'edited') return done
    }
    return 'unsettled' // somebody writes it all the time
  }

  // ---- in

  /** `place`: where the text stands, and is set aside from. */
  private async takeIn(file: FileText, place: Place, where: 'shown' | 'replaced'): Promise<'taken' | 'unsettled' | 'away'> {
    const { isNamed, versions } = this.ports
    const hash = this.surroundings.digest(file.text)
    if (isNamed && file.unreadable !== undefined) {
      throw new MemoryError('config', `tasks.file of the config has to name a file: ${file.unreadable}`)
    }
    if (file.unreadable === undefined && (await versions.knows(hash, file.identity, where))) return 'taken'
    const found = readText(file)
    const tracking = typeof found === 'string' ? found : readTracking(found)
    const last = await versions.last()
    const isEmptied = typeof tracking !== 'string' && tracking.items.size === 0 && itemsOf(last?.document) > 0
    if (typeof found === 'string' || typeof tracking === 'string' || isEmptied) {
      const age = this.surroundings.clock.now() - file.identity.mtimeMs
      if (age >= 0 && age < SETTLE_MS) return 'unsettled'
      const isMoved = file.unreadable !== undefined && where === 'shown'
      const kept = isMoved ? await this.ports.file.moveAside('broken') : await place.setAside('broken')
      this.tellAside('broken', typeof tracking === 'string' ? tracking : 'it has no items, although there were some', kept)
      if (file.unreadable === undefined) await versions.merged(hash)
      return 'taken'
    }
    return this.takeTracking(found, tracking.mark, { hash, identity: file.identity }, place)
  }

  private async takeTracking(found: TreeMap, mark: number | undefined, { hash, identity }: { hash: string; identity: Identity }, place: Place): Promise<'taken' | 'away'> {
    const { name, tell, versions } = this.ports
    const { written, mayDelete, problem } = await this.baseOf(mark)
    const base = written === undefined ? undefined : trackingIn(written)
    const tracking = trackingIn(written === undefined ? found : withoutLosses(found, written))!
    let kept: string[] = []
    for (let attempt = 0; ; attempt++) {
      try {
        kept = await this.apply(base, tracking, mayDelete)
        break
      } catch (error) {
        if (!(error instanceof MemoryError)) throw error
        if (error.code === 'conflict' && attempt < MAX_ATTEMPTS) continue // somebody came between: compared anew
        if (error.code !== 'unavailable' && error.code !== 'unknown-outcome') throw error
        tell('warn', `an edit of ${name} waits: ${messageOf(error)}`)
        return 'away'
      }
    }
    const leftOut = tracking.leftOut.map((path) => `${path}: it is memory_sync's own, and is left out`)
    const problems = [...tracking.problems, ...leftOut, ...kept, ...(problem === undefined ? [] : [problem])]
    if (problems.length > 0) this.tellAside('conflict', problems.join('; '), await place.setAside('conflict'))
    await versions.merged(hash, identity)
    return 'taken'
  }

  /** The version that the text was made from. Without it only what is missing here is taken. */
  private async baseOf(mark: number | undefined): Promise<{ written?: TreeMap; mayDelete: boolean; problem?: string }> {
    const { versions } = this.ports
    const last = await versions.last()
    if (last === null || last.version.rev < 0) return { mayDelete: false }
    if (mark === undefined) return { written: last.document, mayDelete: false }
    const [version] = await versions.withRev(mark)
    if (version !== undefined) return { written: version.document, mayDelete: true }
    return { mayDelete: false, problem: 'it was made from a version that is not known any more: only what was missing was taken' }
  }

  /** What stays as it is here, or cannot be kept, for people. Throws MemoryError `conflict` where somebody came between. */
  private async apply(base: Tracking | undefined, tracking: Tracking, mayDelete: boolean): Promise<string[]> {
    const surroundings = { ...this.surroundings, by: this.ports.name }
    const { tasks, snapshot, now } = await loadTasks(surroundings)
    const edit = trackingEdit(base, tracking, { tasks, list: snapshot.list, now })
    const { items, list, refusals } = writableOf(mayDelete ? edit : withoutDeletions(edit))
    for (const circle of circlesClosedBy(items, tasks)) {
      this.ports.tell('warn', `${this.ports.name}: these items wait for each other, and none can ever be claimed: ${describeCircle(circle)}`)
    }
    for (const item of items) await writeItem(surroundings, item, tasks.get(item.id)?.rev ?? 0)
    if (list.length > 0) await writeList(surroundings, list)
    const names = [...items.map(({ id }) => id), ...(list.length > 0 ? ['the list'] : [])]
    if (names.length > 0) this.ports.tell('info', `${this.ports.name} was edited: ${names.join(', ')}`)
    return [...edit.kept, ...refusals.map(messageOf)]
  }

  private tellAside(reason: 'broken' | 'conflict', why: string, where: string | null): void {
    const what = reason === 'broken' ? 'cannot be read' : 'was not taken as a whole'
    this.ports.tell(reason === 'broken' ? 'error' : 'warn', `${this.ports.name} ${what} (${why}): a copy is ${where ?? '?'}`)
  }

  // ---- out

  /** `edited`: somebody was faster. */
  private async putOut(file: FileText | null): Promise<'current' | 'written' | 'edited'> {
    const { versions } = this.ports
    const loaded = await loadTasks(this.surroundings)
    if (loaded.tasks.size === 0 && file === null) return 'current'
    const facts = trackingFacts(loaded, this.surroundings)
    const last = await versions.last()
    const isShown = file !== null && last !== null && last.version.hash === this.surroundings.digest(file.text)
    if (isShown && equalTrees(trackingOf(facts, last.version.rev), last.document)) return 'current'
    const mark = Math.max(loaded.snapshot.rev, (last?.version.rev ?? 0) + 1)
    const document = trackingOf(facts, mark)
    const text = formatYaml(document, file?.valid === true ? file.text : null)
    const version = { rev: mark, base: loaded.snapshot.rev, epoch: null, t: loaded.now, hash: this.surroundings.digest(text) }
    await versions.add(version, document)
    const replaced = await this.ports.file.replace(text, file?.identity ?? null)
    if (replaced === null) return 'edited'
    await versions.placed()
    return 'written'
  }
}

/** Or why it cannot be read. */
function readText(file: FileText): TreeMap | string {
  if (file.unreadable !== undefined) return file.unreadable
  if (file.text.length > MAX_LENGTH) return `it has more than ${MAX_LENGTH} characters`
  if (!file.valid) return 'it is not UTF-8'
  try {
    return parseYaml(file.text)
  } catch (error) {
    if (error instanceof InvalidYaml) return error.message
    throw error
  }
}

/** A document that we wrote is one. */
function trackingIn(document: TreeMap): Tracking | undefined {
  const tracking = readTracking(document)
  return typeof tracking === 'string' ? undefined : tracking
}

const itemsOf = (document: TreeMap | undefined): number => (document === undefined ? 0 : (trackingIn(document)?.items.size ?? 0))

const withoutDeletions = ({ items, list, kept }: TrackingEdit): TrackingEdit => ({
  items: items.flatMap((item) => {
    const edits = item.edits.filter((edit) => edit.do !== 'delete' || edit.path === '/claim')
    return item.is === 'deleted' || edits.every((edit) => edit.do === 'delete') ? [] : [{ ...item, edits }]
  }),
  list: list.filter((edit) => edit.do !== 'delete'),
  kept,
})
