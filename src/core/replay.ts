/**
 * Pending operations on their way to a store, in order, with their ids. Many go in one round trip: each says which change it
 * follows, so that the store takes them in this order with nothing in between, or not at all.
 */
import { applyChange, cloneEntry, emptyEntry, type Entry, touchesRecord } from '../domain/entry.js'
import { type Change, numbered, type Operation, type Stamp, type Target } from '../domain/operation.js'
import type { Proposal, Store, Stored, Verdict } from '../store/contract.js'
import type { Acknowledged, Root } from '../store/root.js'
import { arrivalOf } from './given-back.js'
import type { RootCopy } from './root-copy.js'
import { lacksSum, propose, submit, type SubmitOptions } from './submit.js'

/** Operations of one round trip. On a machine that is busy with others' writes a round trip takes long, however few they are. */
const AT_A_TIME = 256
/** As long as nobody comes between, so many times more go in the next one. */
const GROWTH = 4
/** So many are sent, however little time there is. */
const AT_LEAST = 64

type Done = 'done' | 'blocked' | 'other lineage'

/** What the store has as long as nobody else writes to it. */
interface Foreseen {
  last: { rev: number; id?: string }
  /** null: it cannot be foreseen. */
  records: Map<Target, Stored | null>
}

export class Replay {
  /** There was no time for all. */
  isUnfinished = false
  /** Records of which the store has lost something: a write of them cannot be committed until it was put back. */
  readonly evicted: Target[] = []
  private foreseen: Foreseen | null = null
  /** The newest that was committed, ms. */
  private newestT = 0

  constructor(
    private readonly store: Store,
    private readonly copy: RootCopy,
    private readonly ports: { root: Pick<Root, 'append'>; digest: (text: string) => string },
  ) {}

  /**
   * One that cannot be committed now holds back the later ones of its record; another lineage ends it for all. After `forMs` the
   * rest waits for another round. True: there were some.
   */
  async run(forMs: number): Promise<boolean> {
    let waiting = [...this.copy.open.toReplay(this.copy.replica)]
    const [count, began] = [waiting.length, this.copy.now()]
    for (let size = 1; waiting.length > 0; ) {
      this.isUnfinished = count - waiting.length >= AT_LEAST && this.copy.now() - began >= forMs
      if (this.isUnfinished) break
      const some = waiting.slice(0, size)
      const together = some.length > 1 && this.store.shared ? await this.together(some) : 0
      const next = some[together]
      const done = next === undefined ? 'done' : await this.alone(next)
      if (done === 'other lineage') break
      waiting = waiting.slice(next === undefined ? together : together + 1)
      if (done === 'blocked') waiting = waiting.filter(({ op }) => op.target !== next!.op.target)
      size = next === undefined ? Math.min(AT_A_TIME, GROWTH * size) : Math.max(2, together)
    }
    return count > 0
  }

  private async alone(entry: Acknowledged): Promise<Done> {
    const { store } = this
    this.foreseen = null
    const lost = this.stampOf(entry)
    const submission = await submit(store, entry.op, this.options(), { told: this.told(entry.op), ...(lost !== undefined && { lost }) })
    switch (submission.is) {
      case 'committed':
      case 'duplicate':
        await this.settle(entry, submission)
        return 'done'
      case 'epoch':
        return 'other lineage'
      case 'evicted':
        this.evicted.push(entry.op.target)
        return 'blocked'
      case 'contended':
        return 'blocked'
      case 'other-payload':
        return this.lose(entry)
      default:
        // Nothing to do, or nothing that can be done: conditional operations are never in the journal.
        await this.endUnchanged(entry.op)
        return 'done'
    }
  }

  /**
   * Its key was used elsewhere meanwhile, for another write. It was acknowledged, or its writer is told of that just now: what it would have written stays in the history, under
   * an id that is the same when it is told again.
   */
  private async lose({ op }: Acknowledged): Promise<Done> {
    const { digest = '', ...told } = op
    told.id = this.ports.digest(`in vain ${op.root} ${op.id} ${digest}`).slice(0, 32)
    const submission = await submit(this.store, told, { ...this.options(), inVain: true }, { takesGaps: true })
    if (submission.is === 'epoch') return 'other lineage'
    if (submission.is === 'evicted') this.evicted.push(op.target)
    if (submission.is === 'evicted' || submission.is === 'contended') return 'blocked'
    if (submission.is === 'committed') this.reportOwn(submission.change)
    const ended = this.done(op, 0)
    this.copy.open.add(ended) // and not into what was seen: there its id stands for the other write
    await this.ports.root.append(ended)
    return 'done'
  }

  /** Returns how many of the first were committed; what comes behind them could not be foreseen. */
  private async together(entries: readonly Acknowledged[]): Promise<number> {
    const foreseen = (this.foreseen ??= await this.look())
    if (foreseen === null) return 0
    const { records } = foreseen
    const unread = [...new Set(entries.map(({ op }) => op.target))].filter((target) => !records.has(target))
    // After the revision: when something has changed since then, nothing of this is committed.
    await Promise.all(unread.map(async (target) => records.set(target, await this.store.read(target))))
    const proposals = this.proposalsFor(entries, foreseen)
    const verdicts = await Promise.all(proposals.map((proposal) => this.store.commit(proposal)))
    const refused = verdicts.findIndex(({ is }) => is !== 'committed' && is !== 'duplicate')
    const done = refused < 0 ? verdicts.length : refused
    await Promise.all(entries.slice(0, done).map((entry, at) => this.settle(entry, verdicts[at]!)))
    return done
  }

  private async look(): Promise<Foreseen | null> {
    const { epoch, owner, run, rev } = await this.store.hello()
    return epoch === this.copy.replica.epoch && owner === run ? { last: { rev }, records: new Map() } : null
  }

  /** Each on the record as those before it leave it, for as long as that can be foreseen. */
  private proposalsFor(entries: readonly Acknowledged[], foreseen: Foreseen): Proposal[] {
    const { records } = foreseen
    const proposals: Proposal[] = []
    const options = this.options()
    for (const entry of entries) {
      const { op } = entry
      const before = records.get(op.target) ?? null
      if (before === null || before.evicted || lacksSum(op, before, this.told(op))) break
      const { proposal } = propose(op, before, options, this.stampOf(entry))
      if (proposal === undefined) break
      proposal.expect.follows = foreseen.last
      proposals.push(proposal)
      const prev = foreseen.last.rev
      const rev = Math.max(prev, options.floor) + 1
      foreseen.last = { rev, id: op.id }
      records.set(op.target, storedAfter(this.store, before, numbered(proposal.draft, rev, prev, options.epoch)))
    }
    return proposals
  }

  private told({ target }: Operation): Entry | undefined {
    return this.copy.replica.entries.get(target)
  }

  private options(): SubmitOptions {
    const { replica } = this.copy
    return { epoch: replica.epoch!, floor: replica.high, latest: this.now(), waited: true }
  }

  /**
   * The store's clock, which was where the newest change says, whatever ours has done since it was compared with that: of two writes of this root
   * the later one would lose else.
   */
  private now(): number {
    return Math.max(this.copy.now(), this.copy.replica.t, this.newestT)
  }

  /** It was committed before, in a lineage that was lost. */
  private stampOf({ op, rev, epoch }: Acknowledged): Stamp | undefined {
    return rev === undefined || epoch === undefined ? undefined : { t: Math.min(op.t, this.now()), rev, epoch }
  }

  private async settle({ op }: Acknowledged, verdict: Verdict): Promise<void> {
    if (verdict.is !== 'committed' && verdict.is !== 'duplicate') return
    const { copy, store } = this
    if (verdict.is === 'committed') {
      this.newestT = Math.max(this.newestT, verdict.change.t)
      this.reportOwn(verdict.change)
    }
    const rev = verdict.is === 'committed' ? verdict.change.rev : verdict.rev
    if (rev === 0) await this.endUnchanged(op)
    else if (store.shared) {
      const entry = this.done(op, verdict.is === 'duplicate' ? await arrivalOf(store, rev, copy.replica.rev) : rev)
      copy.open.add(entry)
      await this.ports.root.append(entry)
    }
  }

  /** What this root has numbered itself is in the replica and in the history. */
  private reportOwn(change: Change): void {
    if (!this.store.shared) this.copy.report({ is: 'changes', changes: [change] })
  }

  /** It is done, and has no revision. The journal says so too: whoever reads it next would take it for pending. */
  private async endUnchanged(op: Operation): Promise<void> {
    const { copy } = this
    copy.replica.seen.set(op.id, { rev: 0 })
    await this.ports.root.append(this.done(op, 0))
  }

  /** With the time that counted: later writes of this root need not be ahead of the clock because one of a clock that was ahead has waited. */
  private done(op: Operation, rev: number): Acknowledged {
    return { op: { ...op, t: Math.min(op.t, this.now()) }, rev, epoch: this.copy.replica.epoch! }
  }
}

/** A record as the store will show it after a change; null: it has to be read. */
function storedAfter(store: Store, before: Stored, change: Change): Stored | null {
  if (!touchesRecord(change)) return before
  if (before.unreadable !== undefined || store.storedAs === undefined) return null
  const entry = before.entry === undefined ? emptyEntry() : cloneEntry(before.entry)
  applyChange(entry, change)
  if (!entry.live) return null
  const after = store.storedAs(change.target, entry)
  // A legacy program may have written what did not change, in its own way.
  for (const [field, token] of before.tokens) {
    if (before.entry?.tree.get(field) === entry.tree.get(field)) after.tokens.set(field, token)
  }
  return after
}
