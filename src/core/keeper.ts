/**
 * The keeper of a root, one at a time: it brings the file, the journal and the shared store together. The hub is it for its life,
 * a command without a hub for one round. A round may stop anywhere and is simply done again.
 */
import type { Entry } from '../domain/entry.js'
import type { TreeMap } from '../domain/json.js'
import type { Change, Operation, Target } from '../domain/operation.js'
import type { Pointer } from '../domain/pointer.js'
import type { Replica } from '../domain/replica.js'
import { messageOf } from '../errors/errors.js'
import type { Identity } from '../platform/files.js'
import type { Acknowledged, History, JournalTail } from '../store/root.js'
import { Exchange } from './exchange.js'
import type { EditFacts } from './file-in.js'
import { FileKeeping, type FileTurn } from './file-keeping.js'
import { JournalKeeping, type KeptFor } from './journal-keeping.js'
import type { Mode } from './mode.js'
import type { OpenOperations } from './open-operations.js'
import type { LocalSequencer, Ports } from './ports.js'
import { EVERYTHING } from './portion.js'
import { type News, RootCopy } from './root-copy.js'
import type { Submission } from './submit.js'

const NOTHING: readonly Acknowledged[] = []

export class Keeper implements LocalSequencer {
  readonly history: History
  private readonly copy: RootCopy
  private readonly journal: JournalKeeping
  private readonly file: FileKeeping
  private readonly sequencer: Exchange
  private begun: Promise<void> | null = null
  private isGivenUp = false

  /** For a round an empty root stays empty until something is written; a hub begins the context at once. */
  constructor(
    private readonly ports: Ports,
    keptFor: KeptFor = 'a round',
  ) {
    this.copy = new RootCopy(ports.clock)
    this.journal = new JournalKeeping(ports, this.copy, keptFor)
    this.history = this.journal.history
    this.file = new FileKeeping(ports, this.copy)
    this.sequencer = new Exchange(ports, this.copy, this.journal, { beginsWhenAsked: keptFor === 'a round', ownStore: () => ports.fileStore(this) })
  }

  /**
   * One round. `touched`: records to compare with what changes say; `all` for every one; `none`: the sequencer is asked only if
   * something waits for it here. `file`: when context.json is written. What is beyond the portion waits for another round. Never
   * throws because the shared store is away.
   */
  async round(touched: Iterable<Target> | 'all' | 'none', file: FileTurn = 'now', portion = EVERYTHING): Promise<void> {
    if (touched !== 'none') this.sequencer.note(touched) // before anything can fail
    await this.refresh()
    await this.journal.mend()
    const mayWrite = await this.file.takeIn()
    if (this.sequencer.isOwed || this.copy.hasWork()) {
      await this.sequencer.run(portion)
      this.seed()
      this.copy.open.settle(this.copy.replica)
    }
    if (mayWrite) await this.file.putOut(file)
    await this.journal.fold()
  }

  /** Who only looks sees what a context begins with, as the file shows it. */
  seed(): void {
    this.sequencer.seed()
  }

  /** After something was decided here, and is in the journal: a disk that fails now undoes nothing of it, and the next round does the rest. */
  async roundAfter(): Promise<void> {
    try {
      await this.round([])
    } catch (error) {
      this.giveUp()
      this.ports.tell('error', `a round failed: ${messageOf(error)}`)
    }
  }

  /** A change that this process has committed itself: it need not be read back. */
  take(change: Change): Promise<void> {
    return this.sequencer.take(change)
  }

  /** The file shows what is known here. */
  async showEverything(): Promise<void> {
    if (await this.file.takeIn()) await this.file.putOut('now')
  }

  /** ms until context.json should be written; null: it shows everything. */
  fileDueInMs(): number | null {
    return this.file.dueInMs()
  }

  /** Reads what is new in the journal; everything, the first time. */
  async refresh(): Promise<void> {
    await this.journal.refresh()
    this.begun ??= this.file.begin().catch((error: unknown) => {
      this.begun = null // the next one tries again
      throw error
    })
    await this.begun
  }

  /** Its turn has come again, and others may have been the keeper meanwhile. */
  takeTurn(): void {
    this.begun = null
  }

  /** Of the saved states nothing can be read. */
  get lacksState(): boolean {
    return this.journal.lacksState
  }

  /** Another keeper has saved the state since: what this one knows does not lead there. It is not to be used any more. */
  async isOvertaken(): Promise<boolean> {
    return this.isGivenUp || (await this.journal.isOvertaken())
  }

  /** A turn of it has failed in the middle: how far it has come is in the files, and not to be told from here. */
  giveUp(): void {
    this.isGivenUp = true
  }

  /** Called after changes are in the replica, in the order of their revisions. */
  onNews(listener: (news: News) => void): void {
    this.copy.onNews(listener)
  }

  /** With files only, and as the keeper: this root decides. */
  submitHere(operation: Operation): Promise<Submission> {
    return this.sequencer.submitHere(operation)
  }

  /** Lines of the journal that nobody can read are left behind. False: the history takes no changes, and the journal has to stay. */
  foldJournal(): Promise<boolean> {
    return this.journal.fold(true)
  }

  save(): Promise<void> {
    return this.journal.save()
  }

  get replica(): Replica {
    return this.copy.replica
  }

  get open(): OpenOperations {
    return this.copy.open
  }

  get mode(): Mode {
    return this.copy.mode
  }

  set mode(mode: Mode) {
    this.copy.mode = mode
  }

  /** Why the shared store, although it answers, did not do the last round: it is full, or a read-only replica. */
  get refusal(): string | null {
    return this.copy.refusal
  }

  /** The last round has left something to another one. */
  get isUnfinished(): boolean {
    return this.sequencer.isUnfinished
  }

  /** context.json was being written, or was only just replaced: another look is due soon. */
  get isUnsettled(): boolean {
    return this.file.isUnsettled
  }

  /** So many rounds, one after another, have not come to the end of the store's lineage. */
  get roundsBehind(): number {
    return this.sequencer.roundsBehind
  }

  /** Somebody has done something to context.json, and it is not taken in yet. */
  isFileTouched(): Promise<boolean> {
    return this.file.isTouched()
  }

  /** The records as they will be when everything acknowledged is committed, as one document. */
  compose(): TreeMap {
    return this.file.compose()
  }

  /** The same as text. */
  text(): string {
    return this.file.text()
  }

  /** The text of context.json, where it shows everything that is known here. */
  get textInFile(): string | null {
    return this.file.textInFile
  }

  /** How far the root was read; null: it was not. */
  get behind(): { saved: Identity | null; tail: JournalTail } | null {
    return this.journal.behind
  }

  /** The records as they will be then: good until something happens here. */
  records(): ReadonlyMap<Target, Entry> {
    return this.copy.records()
  }

  /** One of them; with `paths` these leaves of it at least. */
  record(target: Target, paths?: readonly Pointer[]): Entry | undefined {
    return this.copy.record(target, paths)
  }

  /** Something acknowledged is not in the replica yet. */
  hasWork(): boolean {
    return this.copy.hasWork()
  }

  pending(): number {
    return this.mode === 'off' ? 0 : this.open.pendingCount(this.replica)
  }

  /** The revision of an operation that is committed, as far as this keeper knows. */
  revisionOf(id: string): number | undefined {
    const rev = this.replica.seen.get(id)?.rev ?? this.open.get(id)?.rev
    return rev === 0 ? undefined : rev
  }

  /**
   * Acknowledged here and not numbered by the shared store; with files only nothing is: the next round numbers it. As long as it is
   * the same array, more can only come behind.
   */
  pendingOperations(): readonly Acknowledged[] {
    return this.mode === 'off' ? NOTHING : this.open.toReplay(this.replica)
  }

  /** The shared store's clock, as far as it is known, ms. */
  now(): number {
    return this.copy.now()
  }

  heardTime(time: number, askedAt: number): void {
    this.copy.heardTime(time, askedAt)
  }

  /** What a look at context.json is taken with. */
  facts(): EditFacts {
    return this.copy.facts()
  }

  id(): string {
    return this.copy.rootId
  }

  /** The order in which an edited document has its members. */
  takeOrder(document: TreeMap): void {
    this.copy.takeOrder(document)
  }
}
