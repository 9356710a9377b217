/**
 * The keeper of a root, one at a time: it brings the file, the journal and the shared store together. The hub is it for its life,
 * a command without a hub for one round. A round may stop anywhere and is simply done again.
 */
import { composeDocument } from '../domain/document.js'
import { unreadableAgents } from '../domain/hand-edit.js'
import { formatPretty, type TreeMap } from '../domain/json.js'
import { revisionFloorAt } from '../domain/lineage.js'
import { type Change, CONTEXT, type Operation, type Target } from '../domain/operation.js'
import { advance, emptyReplica, type Replica } from '../domain/replica.js'
import { formatTime } from '../domain/time.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Lineage, Store } from '../store/contract.js'
import type { Acknowledged, JournalLine, JournalTail, RootState } from '../store/root.js'
import { type FileLook, judgeText, lookAtFile } from './file-in.js'
import { join } from './join.js'
import { type Mode, modeOf } from './mode.js'
import { LegacyWatch } from './legacy.js'
import { OpenOperations, overlay } from './open-operations.js'
import { type LocalSequencer, localEpoch, type Ports, sharedEpoch } from './ports.js'
import { submit, type Submission } from './submit.js'
import { firstContext } from './first-context.js'

/** Journal lines, and bytes, after which the journal is folded into the saved state. */
const FOLD_LINES = 2_000
const FOLD_BYTES = 8 * 1024 * 1024
/** Changes after which the state is saved, so that the next start has little to catch up with. */
const SAVE_CHANGES = 500
const PAGE = 1_000
const KEPT_IDS = 20_000
const KEPT_KEY_MS = 8 * 24 * 3_600_000

/** What a keeper tells its listeners: `lost` means that watchers cannot go on from where they are. */
export type News = { is: 'changes'; changes: readonly Change[] } | { is: 'pending' } | { is: 'lost'; rev: number }

export class Keeper implements LocalSequencer {
  replica: Replica = emptyReplica()
  mode: Mode = 'off'
  /** context.json was being written, or was only just replaced: another look is due soon. */
  get isUnsettled(): boolean {
    return this.looksDue > 0
  }
  readonly open = new OpenOperations()
  private generation = 0
  private order: string[] = []
  private skewMs = 0
  private rootId = ''
  private tail: JournalTail | null = null
  /** Of the newest version of context.json. */
  private lastShown = 0
  private looksDue = 0
  private linesSinceFold = 0
  private changesSinceSave = 0
  private readonly legacy: LegacyWatch
  private readonly listeners: ((news: News) => void)[] = []
  /** Reading and folding the journal, one after another. */
  private journalWork: Promise<unknown> = Promise.resolve()

  /** `beginsWhenAsked`: an empty root stays empty until something is written; a hub begins the context at once. */
  constructor(
    private readonly ports: Ports,
    private readonly beginsWhenAsked = true,
  ) {
    this.legacy = new LegacyWatch(ports)
  }

  /** Called after changes are in the replica, in the order of their revisions. */
  onNews(listener: (news: News) => void): void {
    this.listeners.push(listener)
  }

  /**
   * One round. `touched`: records to compare with what changes say; `all` for every one. Never throws because the shared
   * store is away.
   */
  async round(touched: Iterable<Target> | 'all'): Promise<void> {
    await this.refresh()
    this.looksDue = Math.max(0, this.looksDue - 1)
    const mayWrite = await this.fileIn()
    await this.exchange(touched)
    this.seed()
    this.open.settle(this.replica)
    if (mayWrite) await this.fileOut()
    await this.fold()
  }

  /** Reads what is new in the journal; everything, the first time. */
  refresh(): Promise<void> {
    return this.inTurn(() => this.readJournal())
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.journalWork.then(work)
    this.journalWork = done.catch(() => undefined)
    return done
  }

  private async readJournal(): Promise<void> {
    if (this.tail === null) await this.load()
    else {
      const { lines, tail } = await this.ports.root.more(this.tail)
      this.tail = tail
      for (const line of lines) this.take(line)
      if (lines.length > 0) this.report({ is: 'pending' })
    }
    this.open.settle(this.replica)
  }

  private report(news: News): void {
    for (const listener of this.listeners) listener(news)
  }

  /** The records as they will be when everything acknowledged is committed, as one document. */
  compose(): TreeMap {
    return composeDocument(overlay(this.replica, this.open.all()), {
      rev: this.shownRev(),
      lastUpdate: this.lastUpdate(),
      order: this.order,
    })
  }

  /** Something acknowledged is not in the replica yet. */
  hasWork(): boolean {
    return this.open.all().length > 0
  }

  pending(): number {
    return this.mode === 'off' ? 0 : this.open.pendingCount(this.replica)
  }

  /** The revision of an operation that is committed, as far as this keeper knows. */
  revisionOf(id: string): number | undefined {
    const rev = this.replica.seen.get(id)?.rev ?? this.open.all().find(({ op }) => op.id === id)?.rev
    return rev === 0 ? undefined : rev
  }

  /** With files only, and as the keeper: this root decides. */
  submitHere(operation: Operation): Promise<Submission> {
    const options = { epoch: this.replica.epoch ?? '', floor: this.replica.high, latest: this.now(), waited: false }
    return submit(this.ports.fileStore(this), operation, options)
  }

  state(): RootState {
    const { replica, generation, order, skewMs } = this
    return { generation, replica, carry: this.open.all(), order, skewMs }
  }

  async save(): Promise<void> {
    trimSeen(this.replica, this.now())
    await this.ports.root.save(this.state())
    this.changesSinceSave = 0
  }

  skew(): number {
    return this.skewMs
  }

  /** The order in which an edited document has its members. */
  takeOrder(document: TreeMap): void {
    this.order = [...document.keys()]
  }

  id(): string {
    return this.rootId
  }

  /** The shared store's clock, as far as it is known. */
  now(): number {
    return this.ports.clock.now() + this.skewMs
  }

  private async load(): Promise<void> {
    this.ports.root.versions.reload()
    const { state, lines, tail } = await this.ports.root.load()
    this.replica = state.replica
    this.generation = state.generation
    this.order = state.order
    this.skewMs = state.skewMs
    this.tail = tail
    this.rootId = await this.ports.root.id().catch(() => '') // who only reads may have no right to make one, and needs none
    this.lastShown = (await this.ports.root.versions.last())?.version.rev ?? 0
    for (const entry of state.carry) this.open.add(entry)
    const changes = await this.ports.root.history.after(this.replica.rev)
    for (const change of changes) this.follow(change)
    for (const line of lines) this.take(line)
    await this.completeHistory(lines)
  }

  /** A change that this root numbered itself is a commit; an operation waits until the replica contains it. */
  private take(line: JournalLine): void {
    this.linesSinceFold++
    if ('change' in line) {
      this.follow(line.change)
    } else this.open.add(line)
  }

  /** Applies what was pulled or numbered after the state was saved, as far as it joins on. */
  private follow(change: Change): void {
    const { epoch, rev } = this.replica
    if (change.epoch === epoch && change.rev > rev && change.prev <= rev) advance(this.replica, change)
  }

  /** A keeper that died after it numbered a change may not have told the history. */
  private async completeHistory(lines: readonly JournalLine[]): Promise<void> {
    const changes = lines.flatMap((line) => ('change' in line ? [line.change] : []))
    if (changes.length === 0) return
    const known = new Set((await this.ports.root.history.after(changes[0]!.rev - 1)).map((change) => change.rev))
    await this.ports.root.history.add(changes.filter((change) => !known.has(change.rev)))
  }

  // ---- context.json

  /** False: nothing may be written there in this round. */
  private async fileIn(): Promise<boolean> {
    await this.takeReplaced()
    const look = await lookAtFile(this.ports, this.facts())
    switch (look.is) {
      case 'unsettled':
        this.looksDue = 1
        return false
      case 'edited':
        await this.takeEdit(look)
        return true
      case 'broken': {
        const where = await this.ports.root.document.setAside('broken')
        this.ports.tell('error', `context.json cannot be read (${look.reason}): set aside as ${where ?? '?'}, and restored`)
        await this.ports.root.versions.merged(look.hash)
        return true
      }
      default:
        return true
    }
  }

  private facts(): { replica: Replica; rootId: string; skewMs: number } {
    return { replica: this.replica, rootId: this.rootId, skewMs: this.skewMs }
  }

  private async takeEdit(look: Extract<FileLook, { is: 'edited' }>): Promise<void> {
    for (const op of look.operations) {
      await this.ports.root.append({ op })
      this.open.add({ op })
    }
    const unreadable = unreadableAgents(look.document)
    if (unreadable.length > 0) {
      const where = await this.ports.root.document.setAside('unreadable')
      this.ports.tell('error', `records that are no objects (${unreadable.join(', ')}) in context.json: a copy is ${where ?? '?'}`)
    }
    if (this.order.length === 0 || look.operations.length > 0) this.takeOrder(look.document)
    await this.ports.root.versions.merged(look.hash)
    if (look.operations.length > 0) {
      this.ports.tell('info', `context.json was edited: ${look.operations.map((op) => op.target).join(', ')}`)
    }
  }

  /** Somebody may have written to the file in the moment in which it was replaced. */
  private async takeReplaced(): Promise<void> {
    for (const replaced of await this.ports.root.document.replaced()) {
      const look = await judgeText(this.ports, replaced.text, this.facts())
      if (look.is === 'edited') await this.takeEdit(look)
      await replaced.forget()
    }
  }

  private async fileOut(): Promise<void> {
    const { document, versions } = this.ports.root
    const file = await document.read()
    if (file !== null && !(await versions.knows(this.ports.digest(file.text)))) return // edited since: next round
    const composed = this.compose()
    const text = `${formatPretty(composed)}\n`
    if (file?.text === text || (composed.size <= 2 && file === null)) return
    const hash = this.ports.digest(text)
    const t = Math.max(this.replica.t, ...this.open.all().map(({ op }) => op.t))
    const { rev, epoch } = this.replica
    this.lastShown = this.shownRev()
    await versions.add({ rev: this.lastShown, base: rev, epoch, t, hash }, composed)
    await document.replace(text, file?.identity ?? null)
    this.looksDue = 4 // what was replaced is looked at once more
  }

  /** Writes that are not in the replica yet count as one each: the revision of the file never goes back, and no two versions share one. */
  private shownRev(): number {
    return Math.max(this.replica.rev + this.open.all().length, this.lastShown)
  }

  private lastUpdate(): string | undefined {
    const t = Math.max(this.replica.t, ...this.open.all().map(({ op }) => (op.kind === 'adopt' ? 0 : op.t)))
    return t === 0 ? undefined : formatTime(t, this.ports.clock.offsetMinutes())
  }

  // ---- the sequencer

  private async exchange(touched: Iterable<Target> | 'all'): Promise<void> {
    const shared = await this.ports.connector.connect()
    this.mode = modeOf(this.ports, this.replica.epoch, shared)
    const store = shared ?? (this.mode === 'off' ? this.ports.fileStore(this) : null)
    if (store === null) return
    try {
      await this.exchangeWith(store, touched)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      this.mode = 'away'
    }
  }

  private async exchangeWith(store: Store, touched: Iterable<Target> | 'all'): Promise<void> {
    const lineage = await this.enter(store)
    if (lineage === null) return
    if (!(await this.pull(store))) return
    const targets = async (): Promise<Iterable<Target>> => (touched === 'all' ? store.targets() : touched)
    if (store.shared) await this.legacy.take(store, this.replica, await targets(), this.now())
    this.seed()
    await this.replay(store)
    if (!(await this.pull(store))) return
    if (store.shared) await this.legacy.take(store, this.replica, touched === 'all' ? [] : touched, this.now())
    await this.pull(store)
  }

  /** The store's lineage, begun or joined where that was needed; null: somebody else is at it, the next round goes on. */
  private async enter(store: Store): Promise<Lineage | null> {
    let lineage = await store.hello()
    if (store.shared) this.skewMs = lineage.time - this.ports.clock.now()
    if (lineage.epoch === null || lineage.owner !== lineage.run) {
      const random = this.ports.randomId()
      const isFresh = !store.shared && this.replica.high === 0
      lineage = await store.beginEpoch(lineage, {
        epoch: store.shared ? sharedEpoch(random) : localEpoch(random),
        atLeast: isFresh ? 0 : Math.max(this.replica.high, revisionFloorAt(this.now())),
      })
    }
    if (lineage.epoch === this.replica.epoch) return lineage
    return (await this.takeOver(store, lineage)) ? lineage : null
  }

  private join(store: Store, lineage: Lineage): Promise<Replica | null> {
    return join(store, this.replica, lineage, this.ports, (target, stored, known) =>
      this.legacy.heal(store, lineage.epoch!, target, stored, known),
    )
  }

  /** Applies changes up to the store's revision. False: this is not the store's lineage any more. */
  private async pull(store: Store): Promise<boolean> {
    for (;;) {
      const { changes, rev } = await store.changesAfter(this.replica.rev, PAGE)
      // Without changes up to its revision the stream was lost: what it told is in the records.
      if (changes.length === 0) return rev > this.replica.rev ? this.catchUp(store) : true
      if (changes.some((change) => change.epoch !== this.replica.epoch)) return false
      if (changes[0]!.prev > this.replica.rev) return this.catchUp(store)
      for (const change of changes) advance(this.replica, change)
      this.changesSinceSave += changes.length
      await this.ports.root.history.add(changes)
      this.report({ is: 'changes', changes })
    }
  }

  /** The stream no longer reaches back to what this root has: everything is read. */
  private async catchUp(store: Store): Promise<boolean> {
    return this.takeOver(store, await store.hello())
  }

  /** Joins the store's lineage and goes on in it. Watchers go on without a gap where nothing was lost and nothing missed. */
  private async takeOver(store: Store, lineage: Lineage): Promise<boolean> {
    const before = this.replica
    const joined = await this.join(store, lineage)
    if (joined === null) return false
    const isWhole = before.rev === 0 || lineage.contains.get(before.epoch ?? '') === before.rev
    const since = isWhole ? (await store.changesAfter(before.rev, PAGE)).changes : []
    const changes = since.filter((change) => change.rev <= joined.rev)
    this.replica = joined
    await this.save()
    const [first, ...rest] = changes
    // What an epoch between ours and this one committed may be there in part only.
    const isThisEpoch = changes.every((change) => change.epoch === lineage.epoch)
    const joinsOn = first === undefined || first.prev <= lineage.first
    const isContinuous = isWhole && isThisEpoch && joinsOn && changes.length < PAGE
    if (!isContinuous) this.report({ is: 'lost', rev: joined.rev })
    else if (first !== undefined) {
      const joining = [{ ...first, prev: Math.min(first.prev, before.rev) }, ...rest]
      await this.ports.root.history.add(joining)
      this.report({ is: 'changes', changes: joining })
    }
    return true
  }

  /**
   * Pending operations, in order, with their ids. One that cannot be committed now holds back the later ones of its record;
   * another lineage ends it for all.
   */
  private async replay(store: Store): Promise<void> {
    const blocked = new Set<Target>()
    for (const entry of this.open.toReplay(this.replica)) {
      if (blocked.has(entry.op.target)) continue
      const done = await this.replayOne(store, entry)
      if (done === 'other lineage') return
      if (done === 'blocked') blocked.add(entry.op.target)
    }
  }

  private async replayOne(store: Store, { op, rev, epoch }: Acknowledged): Promise<'done' | 'blocked' | 'other lineage'> {
    const options = { epoch: this.replica.epoch!, floor: this.replica.high, latest: this.now(), waited: true }
    const lost = rev !== undefined && epoch !== undefined ? { t: Math.min(op.t, this.now()), rev, epoch } : undefined
    const submission = await submit(store, op, options, lost)
    switch (submission.is) {
      case 'committed':
      case 'duplicate': {
        const at = submission.is === 'committed' ? submission.change.rev : submission.rev
        if (at === 0) this.replica.seen.set(op.id, { rev: 0 })
        else if (store.shared) await this.acknowledge({ op, rev: at, epoch: this.replica.epoch! })
        return 'done'
      }
      case 'epoch':
        return 'other lineage'
      case 'evicted':
      case 'contended':
        return 'blocked'
      default:
        // Nothing to do, or nothing that can be done: conditional operations are never in the journal.
        this.replica.seen.set(op.id, { rev: 0 })
        return 'done'
    }
  }

  private async acknowledge(entry: Acknowledged): Promise<void> {
    this.open.add(entry)
    await this.ports.root.append(entry)
  }

  /** A context begins with the usual members. Nobody was told that they are kept, so they need no line in the journal. */
  private seed(): void {
    if (this.replica.entries.has(CONTEXT) || this.open.all().some(({ op }) => op.target === CONTEXT)) return
    if (this.beginsWhenAsked && this.replica.entries.size === 0 && !this.hasWork()) return
    this.open.add({ op: firstContext(this.ports.root.path, this.rootId, this.ports.digest(`first ${this.rootId}`)) })
  }

  // ---- the journal

  private async fold(): Promise<void> {
    if (this.linesSinceFold >= FOLD_LINES || (this.tail?.end ?? 0) >= FOLD_BYTES) await this.inTurn(() => this.foldJournal())
    else if (this.changesSinceSave >= SAVE_CHANGES) await this.save()
  }

  /** Seal, read what came until then, save, and only then drop: whatever is killed in between, nothing is lost. */
  private async foldJournal(): Promise<void> {
    const { root } = this.ports
    await root.seal(this.generation + 1)
    await this.readJournal()
    this.generation++
    await this.save()
    await root.dropSegments(this.generation)
    this.linesSinceFold = 0
  }
}

function trimSeen(replica: Replica, now: number): void {
  let surplus = replica.seen.size - KEPT_IDS
  for (const [id, seen] of replica.seen) {
    if (surplus <= 0) return
    if (seen.digest !== undefined && now - (seen.t ?? 0) < KEPT_KEY_MS) continue
    replica.seen.delete(id)
    surplus--
  }
}
