/** What a keeper has of its root in memory: the replica, acknowledged operations that are not in it yet, and who is told. */
import type { Entry } from '../domain/entry.js'
import type { TreeMap } from '../domain/json.js'
import type { Change, Target } from '../domain/operation.js'
import type { Pointer } from '../domain/pointer.js'
import { advance, emptyReplica, type Replica } from '../domain/replica.js'
import type { Clock } from '../platform/clock.js'
import type { RootState } from '../store/root.js'
import type { EditFacts } from './file-in.js'
import type { Mode } from './mode.js'
import { OpenOperations } from './open-operations.js'
import { ShownRecords } from './overlay.js'

/**
 * What a keeper tells its listeners. `lost`: watchers cannot go on from where they are. `renumbered`: a new epoch begins at `to`
 * with all that there was at `from`, and there is no change between the two.
 */
export type News =
  | { is: 'changes'; changes: readonly Change[] }
  | { is: 'pending' }
  | { is: 'renumbered'; from: number; to: number }
  | { is: 'lost'; rev: number }

export class RootCopy {
  replica: Replica = emptyReplica()
  readonly open = new OpenOperations()
  mode: Mode = 'off'
  /** Why the shared store, although it answers, did not do the last round; null: it did, or there is none. */
  refusal: string | null = null
  /** Of the journal: segments up to this one are in the replica. */
  generation = 0
  order: string[] = []
  /** Clock of the shared store minus ours, ms. */
  skewMs = 0
  rootId = ''
  /** Changes that are in the replica and not in the saved state. */
  changesSinceSave = 0
  private readonly shown = new ShownRecords()
  private readonly listeners: ((news: News) => void)[] = []

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  onNews(listener: (news: News) => void): void {
    this.listeners.push(listener)
  }

  /** Puts changes that join on, and that the history has, into the replica, and tells of them. */
  follow(changes: readonly Change[]): void {
    if (changes.length === 0) return
    for (const change of changes) advance(this.replica, change)
    this.changesSinceSave += changes.length
    this.report({ is: 'changes', changes })
  }

  report(news: News): void {
    for (const listener of this.listeners) listener(news)
  }

  /** The shared store's clock, as far as it is known. */
  now(): number {
    return this.clock.now() + this.skewMs
  }

  /**
   * The shared store said what time it was, ms, between `askedAt` and now. What was known stays as far as that can be true: an answer that is
   * read late, as after a machine has slept, must not make later writes older (Cristian, Probabilistic clock synchronization, 1989).
   */
  heardTime(time: number, askedAt: number): void {
    this.skewMs = Math.max(time - this.clock.now(), Math.min(this.skewMs, time - askedAt))
  }

  /** The records as they will be when everything acknowledged is committed. */
  records(): ReadonlyMap<Target, Entry> {
    return this.shown.of(this.replica, this.open)
  }

  /** One of them; with `paths` these leaves of it at least. */
  record(target: Target, paths?: readonly Pointer[]): Entry | undefined {
    return this.shown.one(this.replica, this.open, target, paths)
  }

  /** Something acknowledged is not in the replica yet. */
  hasWork(): boolean {
    return this.open.size > 0
  }

  /** The order in which an edited document has its members. */
  takeOrder(document: TreeMap): void {
    this.order = [...document.keys()]
  }

  facts(): EditFacts {
    return { replica: this.replica, rootId: this.rootId, skewMs: this.skewMs }
  }

  state(): RootState {
    const { replica, generation, order, skewMs } = this
    return { generation, replica, carry: [...this.open.all()], order, skewMs }
  }
}
