/** A watcher a host, which goes on with its cursor whenever the hub is another one; and what it must have been told. */
import type { Feed } from '../../src/core/feed.js'
import type { Notice } from '../../src/core/memory.js'
import { watchFeed } from '../../src/core/watch.js'
import { type Change, isFirstContext } from '../../src/domain/operation.js'
import type { Process } from './scheduler.js'
import { note } from './trace.js'

interface Told {
  id: string
  epoch: string
  rev: number
  pending: boolean
}

export class HostWatcher {
  readonly violations: string[] = []
  /** It asks for what came after its cursor, and has no answer yet. */
  isLooking = false
  private cursor: string | undefined
  private rev = 0
  /** Where watching began; null: it has not. */
  private from: number | null = null
  private readonly told: Told[] = []
  private readonly gaps: { from: number; to: number }[] = []
  /** Acknowledged before watching began, or part of a snapshot: shown, and told no more. */
  private readonly shown = new Set<string>()
  /**
   * A cursor only counts the writes that were told as pending. Where the hub was another one, and one of them had ended without
   * a change or was committed and lost again meanwhile, another write of the root is taken for it: so many of them may be
   * missed, or told as pending once more.
   */
  private counted = 0

  constructor(
    private readonly host: number,
    private readonly now: () => number,
  ) {}

  /** Until the hub ends. */
  attach(feed: Feed, committed: () => Iterable<string>, hub: Process): void {
    const signal = new AbortController().signal
    const request = this.cursor === undefined ? { signal } : { signal, since: this.cursor }
    if (this.cursor === undefined) this.show(feed)
    this.counted += Number(this.cursor?.split('+')[1] ?? 0)
    const look = feed.changesAfter.bind(feed)
    feed.changesAfter = async (rev) => {
      this.isLooking = true
      const found = await look(rev)
      this.isLooking = false
      return found
    }
    const follow = async (): Promise<void> => {
      for await (const notice of watchFeed(feed, request)) {
        if (!hub.alive) return
        if (notice.is === 'gap') this.show(feed, committed())
        this.take(notice)
      }
    }
    follow().catch((error: unknown) => this.violations.push(`WATCH failed at host ${this.host}: ${String(error)}`))
  }

  /** What is pending is in a snapshot too, and so is what is committed, also below a revision that was told before. */
  private show(feed: Feed, committed: Iterable<string> = []): void {
    for (const { op } of feed.source.pending()) this.shown.add(op.id)
    for (const id of committed) this.shown.add(id)
  }

  private take(notice: Notice): void {
    note(this.now(), 'watch', this.host, notice.is, 'cursor' in notice ? notice.cursor : '', about(notice))
    if ('cursor' in notice) this.cursor = notice.cursor
    if (notice.is === 'ready') this.from ??= notice.rev
    if (notice.is === 'gap') this.gaps.push({ from: notice.from, to: notice.to })
    if (notice.is === 'change') {
      const { id, epoch, rev } = notice.change
      this.told.push({ id, epoch, rev, pending: notice.pending === true })
      if (notice.pending !== true && rev <= this.rev) this.violations.push(`WATCH went back at host ${this.host}: ${rev} after ${this.rev}`)
    }
    const rev = notice.is === 'gap' ? notice.to : notice.is === 'change' ? notice.change.rev : 'rev' in notice ? notice.rev : 0
    if (rev !== 0 && rev < this.rev) this.violations.push(`WATCH went back at host ${this.host}: ${notice.is} ${rev} after ${this.rev}`)
    this.rev = Math.max(this.rev, rev)
  }

  /** `stream`: the changes that are still there in the end. */
  verdict(stream: readonly Change[]): string[] {
    const { from } = this
    if (from === null) return this.violations
    const ids = new Set(this.told.map((told) => told.id))
    const isCovered = ({ rev, id }: Change): boolean =>
      rev <= from || ids.has(id) || this.shown.has(id) || this.gaps.some((gap) => gap.from < rev && rev <= gap.to)
    const missed = stream.filter((change) => !isCovered(change) && !isFirstContext(change))
    const uncounted = missed.filter(({ waited }) => waited !== undefined)
    const excused = new Set(uncounted.slice(0, this.counted))
    const unexcused = missed.filter((change) => !excused.has(change))
    return [
      ...this.violations,
      ...unexcused.map((change) => `WATCH missed ${change.rev} ${change.id} (${change.kind} ${change.target}) at host ${this.host}`),
      ...this.twice(),
    ]
  }

  private twice(): string[] {
    const seen = new Set<string>()
    let excused = this.counted
    return this.told.flatMap(({ id, epoch, pending }) => {
      const key = `${id} ${pending ? 'pending' : epoch}`
      if (!seen.has(key)) {
        seen.add(key)
        return []
      }
      if (pending && excused-- > 0) return []
      return [`WATCH told ${key} twice at host ${this.host}`]
    })
  }
}

const about = (notice: Notice): unknown =>
  notice.is === 'change' ? [notice.change.id.slice(0, 8), notice.change.target, notice.change.rev, notice.pending] : notice.is === 'gap' ? [notice.from, notice.to] : ''
