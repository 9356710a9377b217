/** A keeper and the sequencer: the lineage is begun or joined, changes are pulled, pending operations replayed. */
import { revisionFloorAt } from '../domain/lineage.js'
import { type Change, CONTEXT, type Operation, type Target } from '../domain/operation.js'
import type { Replica } from '../domain/replica.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Lineage, Store } from '../store/contract.js'
import { DueRecords } from './due-records.js'
import { revisionInFile } from './file-in.js'
import { firstContext } from './first-context.js'
import { join } from './join.js'
import type { JournalKeeping } from './journal-keeping.js'
import { LegacyWatch } from './legacy.js'
import { modeOf } from './mode.js'
import { localEpoch, type Ports, sharedEpoch } from './ports.js'
import { newsOfJoin } from './news-of-join.js'
import { EVERYTHING, type Portion } from './portion.js'
import { Replay } from './replay.js'
import type { RootCopy } from './root-copy.js'
import { DESCRIBES, submit, type Submission } from './submit.js'

const PAGE = 1_000

export interface ExchangeOptions {
  /** An empty root stays empty until something is written; a hub begins the context at once. */
  beginsWhenAsked: boolean
  /** The store in which this root gives the revisions itself. */
  ownStore: () => Store
}

export class Exchange {
  /** The last round has left something to another one: pending operations, or records to compare. */
  isUnfinished = false
  /** So many rounds, one after another, did not come to the end of the store's lineage. */
  roundsBehind = 0
  private readonly legacy: LegacyWatch
  /** While it is joined, the replica is about to be another one. */
  private isJoining = false
  /** Own changes that are not in the replica yet. */
  private readonly committed: Change[] = []
  private taking: Promise<void> | null = null
  private readonly due = new DueRecords()

  constructor(
    private readonly ports: Ports,
    private readonly copy: RootCopy,
    private readonly journal: JournalKeeping,
    private readonly options: ExchangeOptions,
  ) {
    this.legacy = new LegacyWatch(ports)
  }

  /** Records to compare with what changes say. What a round does not come to, the next one does. */
  note(touched: Iterable<Target> | 'all'): void {
    this.due.note(touched)
  }

  /** Some were noted, and no round has come to them. */
  get isOwed(): boolean {
    return this.due.areOwed
  }

  /** Compares what was noted, and replicates both ways. Never throws because the shared store is away. */
  async run(portion = EVERYTHING): Promise<void> {
    const { copy } = this
    const shared = await this.ports.connector.connect()
    copy.mode = modeOf(this.ports, copy.replica.epoch, shared)
    this.isUnfinished = false
    const store = shared ?? (copy.mode === 'off' ? this.options.ownStore() : null)
    if (store === null) {
      copy.refusal = null // the connector says why
      return
    }
    try {
      await this.runWith(store, portion)
      this.due.areOwed = false
      copy.refusal = null // not before: who asks meanwhile would be told that all is well
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      copy.mode = 'away'
      copy.refusal = error.message
    }
  }

  /** A change that this process has committed is not read back, where it joins on. Else it is pulled, as others' are. */
  take(change: Change): Promise<void> {
    this.committed.push(change)
    return (this.taking ??= Promise.resolve().then(() => this.takeCommitted()))
  }

  /**
   * The history has changes of a shared store before the replica follows: a watcher must not know of more than the next keeper will. Where
   * the disk takes nothing, the store has them still; and who reads is to see them.
   */
  private async takeCommitted(): Promise<void> {
    try {
      while (this.committed.length > 0) {
        const changes = this.joiningOn(this.committed.splice(0))
        await this.journal.history.copy(changes)
        this.copy.follow(this.joiningOn(changes)) // some may have been pulled meanwhile
      }
    } catch {
      // The next round pulls these changes, and tells what is wrong.
    } finally {
      this.taking = null
    }
  }

  private joiningOn(changes: readonly Change[]): Change[] {
    let { rev } = this.copy.replica
    return changes.filter((change) => {
      if (this.isJoining || change.epoch !== this.copy.replica.epoch || change.prev > rev || change.rev <= rev) return false
      rev = change.rev
      return true
    })
  }

  /**
   * A context begins with the usual members, whatever is written first. Nobody was told that they are kept, so they need no line in the
   * journal. One that came as a file stays as it came.
   */
  seed(): void {
    const { replica, open, rootId } = this.copy
    if (replica.entries.has(CONTEXT) || open.all().some(({ op }) => op.target === CONTEXT && DESCRIBES.has(op.kind))) return
    if (this.options.beginsWhenAsked && replica.entries.size === 0 && !this.copy.hasWork()) return
    open.add({ op: firstContext(this.ports.root.path, rootId, this.ports.digest(`first ${rootId}`)) })
  }

  /** With files only, and as the keeper: this root decides. */
  async submitHere(operation: Operation): Promise<Submission> {
    const { replica } = this.copy
    const options = { epoch: replica.epoch ?? '', floor: replica.high, latest: this.copy.now(), waited: false }
    const submission = await submit(this.options.ownStore(), operation, options)
    if (submission.is === 'committed') this.copy.report({ is: 'changes', changes: [submission.change] })
    return submission
  }

  private async runWith(store: Store, portion: Portion): Promise<void> {
    this.roundsBehind++
    if ((await this.enter(store)) === null || !(await this.pull(store))) return
    this.roundsBehind = 0
    if (this.due.areAll) this.due.take(store.shared ? await store.targets() : [])
    let hasSent = await this.compare(store, this.due.portion(portion.records))
    this.due.drop(portion.records)
    this.seed()
    const replay = new Replay(store, this.copy, this.ports)
    hasSent = (await replay.run(portion.replayMs)) || hasSent
    // One of a record of which something is missing goes when that was put back.
    const isMended = replay.evicted.length > 0 && (await this.compare(store, replay.evicted))
    this.isUnfinished = replay.isUnfinished || isMended || this.due.isScanning
    if (!hasSent && this.due.touched.size === 0) return
    if ((await this.pull(store)) && (await this.compare(store, []))) await this.pull(store)
  }

  /** Records with what changes say, those that are due included. True: something was committed. */
  private async compare(store: Store, targets: readonly Target[]): Promise<boolean> {
    if (!store.shared) return false
    const { touched } = this.due
    const all = new Set([...targets, ...touched])
    const { ahead, hasSent } = await this.legacy.take(store, this.copy, all)
    for (const target of all) touched.delete(target)
    for (const target of ahead) touched.add(target)
    return hasSent
  }

  /** The store's lineage, begun or joined where that was needed; null: somebody else is at it, the next round goes on. */
  private async enter(store: Store): Promise<Lineage | null> {
    const { copy } = this
    const { epoch, rev } = copy.replica
    const askedAt = this.ports.clock.now()
    let lineage = await store.hello()
    if (store.shared) copy.heardTime(lineage.time, askedAt)
    // Its data was set back under the same process: somebody put its keys back from a copy.
    const isOlder = store.shared && lineage.epoch === epoch && lineage.rev < rev
    if (lineage.epoch === null || lineage.owner !== lineage.run || isOlder) {
      const random = this.ports.randomId()
      // Where the state is gone, the file knows what was given.
      const highest = copy.replica.high === 0 && !store.shared ? await revisionInFile(this.ports) : copy.replica.high
      lineage = await store.beginEpoch(lineage, {
        epoch: store.shared ? sharedEpoch(random) : localEpoch(random),
        atLeast: highest === 0 && !store.shared ? 0 : Math.max(highest, revisionFloorAt(copy.now())),
      })
    }
    if (lineage.epoch === copy.replica.epoch) return lineage
    return (await this.takeOver(store, lineage)) ? lineage : null
  }

  private join(store: Store, lineage: Lineage): Promise<Replica | null> {
    return join(store, this.copy.replica, lineage, this.ports, (target, stored, known) =>
      this.legacy.heal(store, lineage.epoch!, target, stored, known),
    )
  }

  /** Applies changes up to the store's revision. False: this is not the store's lineage any more. */
  private async pull(store: Store): Promise<boolean> {
    const { copy } = this
    for (;;) {
      const page = await store.changesAfter(copy.replica.rev, PAGE)
      const { rev } = page
      const changes = page.changes.filter((change) => change.rev > copy.replica.rev) // own ones may be there by now
      if (changes.length === 0 && page.changes.length > 0) continue
      // Without changes up to its revision the stream was lost: what it told is in the records.
      if (changes.length === 0) return rev > copy.replica.rev ? this.catchUp(store) : true
      if (changes.some((change) => change.epoch !== copy.replica.epoch)) return false
      if (changes[0]!.prev > copy.replica.rev) return this.catchUp(store)
      await this.keep(store, changes)
      copy.follow(changes.filter((change) => change.rev > copy.replica.rev))
    }
  }

  /** The stream no longer reaches back to what this root has: everything is read. */
  private async catchUp(store: Store): Promise<boolean> {
    return this.takeOver(store, await store.hello())
  }

  /** Joins the store's lineage and goes on in it. Watchers go on without a gap where nothing was lost and nothing missed. */
  private async takeOver(store: Store, lineage: Lineage): Promise<boolean> {
    this.isJoining = true
    try {
      return await this.goOver(store, lineage)
    } finally {
      this.isJoining = false
    }
  }

  private async goOver(store: Store, lineage: Lineage): Promise<boolean> {
    const before = this.copy.replica
    const joined = await this.join(store, lineage)
    if (joined === null) return false
    const news = await newsOfJoin(store, before, joined, lineage)
    if (news.is === 'changes') await this.keep(store, news.changes)
    await this.journal.save(joined) // first: a watcher must not know of more than the next keeper will
    this.copy.replica = joined
    this.copy.report(news) // at once: who looked in between would see a gap
    return true
  }

  /** In the history. That it is closed holds up nobody: the store has the changes still, or the journal. */
  private async keep(store: Store, changes: readonly Change[]): Promise<void> {
    if (store.shared) await this.journal.history.copy(changes)
    else await this.journal.history.add(changes)
  }
}
