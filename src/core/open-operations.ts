/** Acknowledged operations that the replica does not contain yet. */
import { addAll } from '../domain/lists.js'
import { isFirstContext } from '../domain/operation.js'
import { isDone, type Replica } from '../domain/replica.js'
import type { Acknowledged } from '../store/root.js'

/** Where something that was worked out from a replica and the operations stands: it holds for the first `count` of them. */
export interface Mark {
  replica: Replica
  entries: Replica['entries']
  epoch: string | null
  rev: number
  seen: number
  order: number
  count: number
}

/** What must still go to the shared store. */
interface Waiting {
  entries: Acknowledged[]
  /** Of them that somebody has written. */
  counted: number
  mark: Mark
}

export class OpenOperations {
  private readonly byId = new Map<string, Acknowledged>()
  /** Another number after every change of what is in here. */
  version = 0
  /** Another number whenever more has changed than that operations came behind the others. */
  private order = 0
  private list: Acknowledged[] | null = []
  private settled: Mark | undefined
  private waiting: Waiting | undefined
  private newest = { t: -Infinity, order: 0, count: 0 }
  /** Another object after operations were dropped: who waits for the end of one need not look while it stays. */
  lastSettled: object = {}

  get size(): number {
    return this.byId.size
  }

  /** The journal's word: a later line about the same operation knows its revision. Its time is that of the first attempt. */
  add(entry: Acknowledged): void {
    const known = this.byId.get(entry.op.id)
    this.version++
    if (known !== undefined && entry.rev === undefined) return
    this.byId.set(entry.op.id, known === undefined ? entry : { ...entry, op: known.op })
    if (known === undefined && entry.op.kind !== 'adopt') this.list?.push(entry)
    else this.changeOrder()
  }

  /** Drops what the replica contains by now. */
  settle(replica: Replica): void {
    if (this.byId.size === 0) return
    const contained = containedIn(replica)
    const gone = this.all().slice(this.knownSince(this.settled, replica)).filter(contained)
    for (const { op } of gone) this.byId.delete(op.id)
    if (gone.length > 0) {
      this.lastSettled = {}
      this.version++
      this.changeOrder()
    }
    this.settled = this.mark(replica)
  }

  get(id: string): Acknowledged | undefined {
    return this.byId.get(id)
  }

  has(id: string): boolean {
    return this.byId.has(id)
  }

  /** In the order of the journal; what is taken over from a file comes first, as it was there before any of our writes. */
  all(): readonly Acknowledged[] {
    if (this.list !== null) return this.list
    const open = [...this.byId.values()]
    const isAdoption = ({ op }: Acknowledged): boolean => op.kind === 'adopt'
    return (this.list = [...open.filter(isAdoption), ...open.filter((entry) => !isAdoption(entry))])
  }

  /** Must still go to the shared store: in the order of the journal. As long as it is the same array, more can only come behind. */
  toReplay(replica: Replica): readonly Acknowledged[] {
    return this.waitingFor(replica).entries
  }

  /** Without a revision anywhere: this machine's pending writes. */
  pendingCount(replica: Replica): number {
    return this.waitingFor(replica).counted
  }

  private waitingFor(replica: Replica): Waiting {
    const known = this.knownSince(this.waiting?.mark, replica)
    if (known > 0 && known === this.byId.size) return this.waiting!
    const contained = containedIn(replica)
    const added = this.all().slice(known).filter((entry) => !contained(entry) && !isCommittedIn(replica, entry))
    const before = known === 0 ? { entries: [], counted: 0 } : this.waiting!
    const counted = before.counted + added.filter(({ op }) => !isFirstContext(op)).length
    addAll(before.entries, added)
    return (this.waiting = { entries: before.entries, counted, mark: this.mark(replica) })
  }

  /** The time of the newest, ms; at least `t`. */
  newestT(t: number): number {
    const known = this.newest.order === this.order ? this.newest : { t: -Infinity, count: 0 }
    const newest = this.all().slice(known.count).reduce((latest, { op }) => Math.max(latest, op.t), known.t)
    this.newest = { t: newest, order: this.order, count: this.byId.size }
    return Math.max(t, newest)
  }

  mark(replica: Replica): Mark {
    const { entries, epoch, rev, seen } = replica
    return { replica, entries, epoch, rev, seen: seen.size, order: this.order, count: this.byId.size }
  }

  /**
   * How many operations something still holds for that was worked out at this mark; 0: for none. Thousands may wait while Redis is
   * away: what each write or round asks of them must not cost each time what all of them cost.
   */
  knownSince(mark: Mark | undefined, replica: Replica): number {
    if (mark === undefined || mark.order !== this.order || mark.replica !== replica || mark.entries !== replica.entries) return 0
    return mark.epoch === replica.epoch && mark.rev === replica.rev && mark.seen === replica.seen.size ? mark.count : 0
  }

  private changeOrder(): void {
    this.order++
    this.list = null
  }
}

/** By id, or because its revision is in what the replica contains. An id that a store gave back says nothing of the data. */
const containedIn =
  (replica: Replica) =>
  (entry: Acknowledged): boolean =>
    isNumberedIn(replica, entry) || isDone(replica, entry.op)

/** Its revision is one that the replica contains: to look for its id would take longer. */
export const isNumberedIn = ({ epoch, rev, contains }: Pick<Replica, 'epoch' | 'rev' | 'contains'>, entry: Acknowledged): boolean =>
  entry.rev !== undefined && entry.epoch !== undefined && entry.rev <= (entry.epoch === epoch ? rev : (contains.get(entry.epoch) ?? -1))

const isCommittedIn = (replica: Replica, { rev, epoch }: Acknowledged): boolean =>
  rev !== undefined && epoch === replica.epoch
