/** The journal and the saved state of a root: read when a keeper begins, followed, and folded into each other. */
import type { Change, Operation } from '../domain/operation.js'
import { advance, isDone, type Replica } from '../domain/replica.js'
import type { Identity } from '../platform/files.js'
import type { Acknowledged, JournalLine, JournalTail } from '../store/root.js'
import { HistoryKeeping, numberedIn } from './history-keeping.js'
import { goOnBesideFile, goOnWithItems } from './lost-state.js'
import { isNumberedIn } from './open-operations.js'
import type { Ports } from './ports.js'
import type { RootCopy } from './root-copy.js'

/**
 * Of whom the journal is kept: of a hub, which is the keeper for its life and hears of everything; or of who is it for a round now and
 * then, as others are in between, and mostly reads everything for it.
 */
export type KeptFor = 'a round' | 'life'

/** Bytes after which the journal is folded into the saved state. */
const FOLD_BYTES = 8 * 1024 * 1024
/** Lines after which it is. */
const FOLD_LINES = 2_000
/** Changes after which the state is saved, so that the next start has little to catch up with. */
const SAVE_CHANGES = 500
/** Lines, or changes, that whoever comes for a round has to read at most, behind the state that he reads in any case; or a part of that. */
const ROUND_LINES = 100
const STATE_A_LINE = 10
const KEPT_IDS = 20_000
/** Saving an id takes this part of the time that saving a record takes. */
const IDS_A_RECORD = 5
const KEPT_KEY_MS = 8 * 24 * 3_600_000

export class JournalKeeping {
  readonly history: HistoryKeeping
  private tail: JournalTail | null = null
  /** What stands in the journal under an idempotency key: ids of operations, each with the digest of the first one. */
  private readonly keys = new Map<string, string>()
  /** Which saved state the tail is behind; null: none. */
  private saved: Identity | null = null
  /** Changes that the history knows beyond a revision. */
  private told: (rev: number) => Promise<Change[]> = () => Promise.resolve([])
  private linesSinceFold = 0
  /** Why the saved state could not be read; null: it could, or was mended. */
  private damage: string | null = null
  /** The state before cannot be read either. */
  private isLost = false
  /** What this root has numbered behind a state of which nothing is left, and the file may show. */
  private numbered: Change[] = []
  /** Reading and folding, one after another. */
  private work: Promise<unknown> = Promise.resolve()
  /** A reading that has not begun yet: it is good for everybody who asks until then. */
  private awaited: Promise<void> | null = null

  constructor(
    private readonly ports: Ports,
    private readonly copy: RootCopy,
    private readonly keptFor: KeptFor,
  ) {
    this.history = new HistoryKeeping(ports)
  }

  /** Of both saved states nothing can be read: only a keeper can say what the file and the journal make of it. */
  get lacksState(): boolean {
    return this.isLost
  }

  /** Which saved state was read, and the journal up to where; null: nothing was. */
  get behind(): { saved: Identity | null; tail: JournalTail } | null {
    return this.tail === null ? null : { saved: this.saved, tail: this.tail }
  }

  /** Somebody else has saved the state: what is behind it cannot be told from here. Everything has to be read again. */
  async isOvertaken(): Promise<boolean> {
    return this.tail !== null && !(await this.ports.root.isSaved(this.saved))
  }

  /** Reads what is new; everything, the first time. */
  refresh(): Promise<void> {
    return (this.awaited ??= this.inTurn(() => {
      this.awaited = null
      return this.read()
    }))
  }

  /** `replica`: the one that is about to take the place of the present one. */
  async save(replica = this.copy.replica): Promise<void> {
    if (!this.history.isOwed) trimSeen(replica, this.copy.now()) // else the journal has lines for longer than ids are kept
    this.saved = await this.ports.root.save({ ...this.copy.state(), replica })
    this.copy.changesSinceSave = 0
  }

  /**
   * By the keeper alone: the history gets what it lacks; a saved state that could not be read is kept aside, and what was known before it
   * takes its place.
   */
  async mend(): Promise<void> {
    await this.history.complete()
    if (this.damage === null) return
    await goOnBesideFile(this.ports, this.copy, this.numbered)
    this.numbered = []
    const where = await this.ports.root.setStateAside()
    const left = this.isLost ? 'context.json' : 'the state before'
    this.ports.tell('error', `the saved state cannot be read (${this.damage}): ${where === null ? '' : `set aside as ${where}; `}${left}, the journal and Redis go on`, 'mended')
    await this.save()
    this.damage = null
    this.isLost = false
  }

  /** When it is long; false: it was not. Changes that it alone has stay in it, and then the state is saved only. */
  async fold(always = false): Promise<boolean> {
    const { foldLines, saveChanges } = this.limits()
    const isLong = always || this.linesSinceFold >= foldLines || (this.tail?.end ?? 0) >= FOLD_BYTES
    const mayDrop = isLong && !this.history.isOwed
    if (!mayDrop && this.copy.changesSinceSave < (always ? 1 : saveChanges)) return false
    // Before its turn: nobody can read the journal meanwhile.
    if (this.keptFor === 'life') await this.ports.root.prepareSave(this.copy.state())
    await (mayDrop ? this.inTurn(() => this.foldNow()) : this.save())
    return mayDrop
  }

  private limits(): { foldLines: number; saveChanges: number } {
    // Saving, and reading, takes as long as there are records, ids and waiting operations: so many changes pay for it.
    const { replica, open } = this.copy
    const size = replica.entries.size + open.size + replica.seen.size / IDS_A_RECORD
    if (this.keptFor === 'a round') {
      const lines = Math.max(ROUND_LINES, size / STATE_A_LINE)
      return { foldLines: lines, saveChanges: lines }
    }
    return { foldLines: Math.max(FOLD_LINES, size), saveChanges: Math.max(SAVE_CHANGES, size) }
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.work.then(work)
    this.work = done.catch(() => undefined)
    return done
  }

  private async read(): Promise<void> {
    if (this.tail === null) await this.load()
    else {
      const { lines, tail } = await this.ports.root.more(this.tail)
      if (this.keptFor === 'life') for (const line of lines) this.take(line)
      else await this.takeBehind(lines, this.copy.replica.rev) // others have been the keeper, and have told the history of what they did
      this.tail = tail // last: what could not be taken is read again
      if (lines.length > 0) this.copy.report({ is: 'pending' })
    }
    this.copy.open.settle(this.copy.replica)
  }

  private async load(): Promise<void> {
    const { copy } = this
    const { state, saved, lines, tail, damage } = await this.ports.root.load()
    this.saved = saved
    this.damage = damage
    this.isLost = damage !== null && state.replica.epoch === null
    copy.replica = state.replica
    if (this.isLost) this.numbered = goOnWithItems(copy, numberedIn(lines))
    copy.generation = state.generation
    copy.order = state.order
    copy.skewMs = state.skewMs
    copy.rootId = await this.ports.root.id().catch(() => '') // who only reads may have no right to make one, and needs none
    for (const entry of state.carry) copy.open.add(entry)
    this.told = this.history.follow()
    const first = lines.find((line) => 'change' in line)?.change.rev ?? Infinity
    await this.takeBehind(lines, Math.min(copy.replica.rev, first - 1))
    this.tail = tail
  }

  /** Lines that were not read before, and what the history knows beyond this revision. */
  private async takeBehind(lines: readonly JournalLine[], rev: number): Promise<void> {
    const changes = await this.told(this.history.from(rev))
    const numbered = numberedIn(lines).filter((change) => change.rev > rev)
    for (const change of changes) this.follow(change)
    // One that another process was just writing was passed over: next time everything is read.
    if (changes.some(({ epoch, rev: its }) => epoch === this.copy.replica.epoch && its > this.copy.replica.rev)) this.told = this.history.follow()
    for (const line of lines) this.take(line)
    this.history.compare(numbered, changes)
  }

  /** A change that this root numbered itself is a commit; an operation waits until the replica contains it, which mostly it does by now. */
  private take(line: JournalLine): void {
    this.linesSinceFold++
    if ('change' in line) this.follow(line.change)
    else if (this.counts(line.op) && this.isNews(line)) this.copy.open.add(line)
  }

  /** One that says which revision an operation has got takes the place of the one before, and both go: its id need not be looked for. */
  private isNews(line: Acknowledged): boolean {
    const { open, replica } = this.copy
    return isNumberedIn(replica, line) ? open.has(line.op.id) : !isDone(replica, line.op)
  }

  /** Whoever finds that another write has come first with his key tells that nothing was written: of the lines with an id the first one counts. */
  private counts({ id, digest }: Operation): boolean {
    if (digest === undefined) return true
    const first = this.keys.get(id) ?? digest
    this.keys.set(id, first)
    return first === digest
  }

  /** Applies what was pulled or numbered after the state was saved, as far as it joins on. */
  private follow(change: Change): void {
    const { epoch, rev } = this.copy.replica
    if (change.epoch !== epoch || change.rev <= rev || change.prev > rev) return
    advance(this.copy.replica, change)
    this.copy.changesSinceSave++
  }

  /** Seal, read what came until then, save, and only then drop: whatever is killed in between, nothing is lost. */
  private async foldNow(): Promise<void> {
    const { root } = this.ports
    await root.seal(this.copy.generation + 1)
    await this.read()
    this.copy.generation++
    await this.save()
    await root.dropSegments(this.copy.generation)
    this.keys.clear()
    await root.sweep()
    this.linesSinceFold = 0
  }
}

/** Those under a key for as long as it may be used again. */
const trimSeen = ({ seen }: Replica, now: number): void => {
  seen.trim(KEPT_IDS, ({ digest, t = 0 }) => digest === undefined || now - t >= KEPT_KEY_MS)
}
