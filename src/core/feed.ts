/** What watchers follow: the last changes in order, pending writes, messages; and a way to wait for more. */
import type { TreeMap } from '../domain/json.js'
import { revisionFloorAt } from '../domain/lineage.js'
import { addAll } from '../domain/lists.js'
import type { Change, Operation } from '../domain/operation.js'
import type { News } from './root-copy.js'

/** Changes kept in memory for watchers that are not far behind. */
const KEPT = 2_000
const KEPT_MESSAGES = 500
/** The event of a change is heard before so many others are known. */
const LATE = 10_000
/** ms by which the clock of who begins an epoch may be ahead of ours. */
const MOST_SKEW = 24 * 3_600_000

export interface FeedSource {
  /** The revision that readers of this process see. */
  rev(): number
  /** The store's clock, ms. */
  now(): number
  rootId(): string
  /** As long as it is the same array, more can only come behind. */
  pending(): readonly { op: Operation }[]
  /** Acknowledged at this root, and not in what it shows as committed yet. */
  isOpen(id: string): boolean
  /** As long as it is the same object, all that was open is open still. */
  lastSettled(): object
  document(): TreeMap
  /** Older changes than the feed has; `complete` false: some are not to be had any more. */
  older(after: number): Promise<{ changes: Change[]; complete: boolean }>
}

export interface Message {
  n: number
  text: string
}

export class Feed {
  private recent: Change[] = []
  private messages: Message[] = []
  private messageCount = 0
  private readonly followers = new Set<() => void>()
  /** Watchers from before this revision have a gap. */
  private lostBelow = 0
  /** Between these revisions there is no change. */
  private empty = { from: 0, to: 0 }

  constructor(readonly source: FeedSource) {}

  take(news: News): void {
    if (news.is === 'changes') {
      addAll(this.recent, news.changes)
      if (this.recent.length > 2 * KEPT) this.recent = this.recent.slice(-KEPT)
    } else if (news.is === 'renumbered') {
      const isNext = news.from === this.empty.to // nothing came since the last time
      this.empty = { from: isNext ? this.empty.from : news.from, to: news.to }
    } else if (news.is === 'lost') {
      this.recent = []
      this.lostBelow = news.rev
    }
    this.wake()
  }

  /** Events of changes, which have their revisions, are told as changes. One far from all that the store can have given was counted by somebody else. */
  takeMessage(text: string, rev?: number): void {
    const known = this.source.rev()
    const highest = Math.max(known, revisionFloorAt(this.source.now())) // where a new epoch has begun meanwhile
    if (rev !== undefined && rev > known - LATE && rev < highest + MOST_SKEW) return
    this.messages.push({ n: ++this.messageCount, text })
    if (this.messages.length > KEPT_MESSAGES) this.messages.shift()
    this.wake()
  }

  get messageNumber(): number {
    return this.messageCount
  }

  messagesAfter(n: number): Message[] {
    return this.messages.filter((message) => message.n > n)
  }

  /** A revision, or a later one with nothing between the two. */
  latestLike(rev: number): number {
    return rev >= this.empty.from && rev < this.empty.to ? this.empty.to : rev
  }

  /** Every change after a revision, up to what the source shows. `complete` false: there is a gap. */
  async changesAfter(rev: number): Promise<{ changes: Change[]; complete: boolean }> {
    if (rev > this.source.rev()) return { changes: [], complete: false }
    const first = firstAbove(this.recent, rev)
    const change = this.recent[first]
    if (change !== undefined && change.prev <= rev) return { changes: this.recent.slice(first), complete: true }
    if (change === undefined && rev === this.source.rev()) return { changes: [], complete: true }
    if (rev < this.lostBelow) return { changes: [], complete: false }
    return this.source.older(rev)
  }

  /** Calls back whenever there may be something new, until the returned function is called. */
  onWake(follower: () => void): () => void {
    this.followers.add(follower)
    return () => this.followers.delete(follower)
  }

  wake(): void {
    for (const follower of this.followers) follower()
  }
}

/** The place of the first change with a higher revision; they are in order. */
function firstAbove(changes: readonly Change[], rev: number): number {
  let from = 0
  let to = changes.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (changes[middle]!.rev > rev) to = middle
    else from = middle + 1
  }
  return from
}
