/** One watcher: everything after its cursor, in order, once; then what comes. */
import { type Change, type Draft, isFirstContext, numbered, type Operation } from '../domain/operation.js'
import { isOtherPayload } from '../domain/replica.js'
import { resolve } from '../domain/resolve.js'
import { type Cursor, formatCursor, parseCursor } from './cursor.js'
import type { Feed } from './feed.js'
import type { Notice, WatchRequest } from './memory.js'

export async function* watchFeed(feed: Feed, request: WatchRequest): AsyncGenerator<Notice, void, undefined> {
  const watcher = new Watcher(feed, request.since === undefined ? null : parseCursor(request.since))
  const bell = new Bell(feed, request.signal)
  let isReady = false
  try {
    while (!request.signal.aborted) {
      const more = bell.next() // before looking: what comes while looking wakes it
      for (const notice of await watcher.look()) {
        yield notice
        if (request.signal.aborted) return
      }
      if (!isReady) yield watcher.ready()
      isReady = true
      await more
    }
  } finally {
    bell.end()
  }
}

/** Rings when there may be something new, and at the end. One listener for the life of a watcher: one for each look costs as much as the look. */
class Bell {
  private ring = (): void => undefined
  private readonly endOfWaking: () => void

  constructor(
    feed: Feed,
    private readonly signal: AbortSignal,
  ) {
    this.endOfWaking = feed.onWake(() => {
      this.ring()
    })
    signal.addEventListener('abort', this.end, { once: true })
  }

  next(): Promise<void> {
    return new Promise((resolve) => (this.ring = resolve))
  }

  readonly end = (): void => {
    this.signal.removeEventListener('abort', this.end)
    this.endOfWaking()
    this.ring()
  }
}

/** With the number that it would have got then. */
interface Told {
  number: number
  digest?: string
}

const told = ({ digest }: Operation, number: number): Told => ({ number, ...(digest !== undefined && { digest }) })

class Watcher {
  private rev: number
  /** Pending writes that were told, by id. */
  private readonly told = new Map<string, Told>()
  /** Of a cursor that was given: so many of this root's writes were told as pending before. */
  private skip: number
  private messageNumber: number
  /** What was waiting at the last look. */
  private waiting: { list: readonly unknown[]; length: number } = { list: [], length: 0 }
  private lastSettled: object | null = null

  constructor(
    private readonly feed: Feed,
    since: Cursor | null,
  ) {
    this.rev = since?.rev ?? feed.source.rev()
    this.skip = since?.pending ?? 0
    this.messageNumber = feed.messageNumber
    if (since === null) for (const { op } of feed.source.pending()) this.told.set(op.id, told(op, 0))
  }

  ready(): Notice {
    return { is: 'ready', rev: this.rev, cursor: this.cursor() }
  }

  /** What is to be told now. Not one after another as it is asked for: a thousand watchers each look at each change. */
  async look(): Promise<Notice[]> {
    this.rev = this.feed.latestLike(this.rev)
    const { changes, complete } = await this.feed.changesAfter(this.rev)
    const notices = complete ? [] : this.gap()
    this.forgetSettled(changes)
    for (const change of changes) if (change.rev > this.rev) this.tellCommitted(change, notices)
    this.tellPending(notices)
    for (const { n, text } of this.feed.messagesAfter(this.messageNumber)) {
      this.messageNumber = n
      notices.push({ is: 'message', cursor: this.cursor(), text })
    }
    return notices
  }

  private gap(): Notice[] {
    const { source } = this.feed
    const from = this.rev
    this.rev = source.rev()
    this.skip = 0 // what was told before is in the snapshot, or was lost
    for (const { op } of source.pending()) this.told.set(op.id, told(op, 0)) // they are in the snapshot
    return [
      { is: 'gap', from, to: this.rev },
      { is: 'snapshot', rev: this.rev, cursor: this.cursor(), context: source.document() },
    ]
  }

  private tellCommitted(change: Change, notices: Notice[]): void {
    this.rev = change.rev
    if (isFirstContext(change)) return
    const toldAs = this.numberTold(change)
    if (toldAs === undefined && this.skip > 0 && change.waited === this.feed.source.rootId()) {
      this.skip--
      if (change.lost === undefined) return
    }
    if (toldAs === undefined) {
      notices.push({ is: 'change', change, cursor: this.cursor() })
      return
    }
    this.told.delete(change.id)
    if (change.lost !== undefined) notices.push({ is: 'change', change, cursor: this.cursor() })
    else if (toldAs !== 0 && toldAs !== change.rev) {
      const { id, target, rev } = change
      notices.push({ is: 'renumbered', id, target, from: String(toldAs), rev, cursor: this.cursor() })
    }
  }

  /** Undefined: it was not told; nor was one for which its key was used elsewhere, while another write waited here under the same one. */
  private numberTold(change: Change): number | undefined {
    const known = this.told.get(change.id)
    return known === undefined || isOtherPayload(change.digest, known) ? undefined : known.number
  }

  private tellPending(notices: Notice[]): void {
    const list = this.feed.source.pending()
    let at = list === this.waiting.list ? this.waiting.length : 0
    for (; at < list.length; at++) {
      const { op } = list[at]!
      if (this.told.has(op.id) || isFirstContext(op)) continue
      const number = this.rev + this.told.size + 1
      this.told.set(op.id, told(op, number))
      if (this.skip > 0) {
        this.skip--
        continue
      }
      notices.push({ is: 'change', change: pendingChange(op), cursor: this.cursor(), pending: true })
    }
    this.waiting = { list, length: at }
  }

  /** A write that ended without a change of its own (it stood there already) is not waited for: a cursor would count it for ever. */
  private forgetSettled(changes: readonly Change[]): void {
    const { source } = this.feed
    if ((changes.at(-1)?.rev ?? this.rev) < source.rev()) return // more came meanwhile: the next look decides
    if (this.told.size === 0 || source.lastSettled() === this.lastSettled) return
    this.lastSettled = source.lastSettled()
    const coming = new Set(changes.map((change) => change.id))
    for (const id of this.told.keys()) if (!source.isOpen(id) && !coming.has(id)) this.told.delete(id)
  }

  private cursor(): string {
    return formatCursor({ rev: this.rev, pending: this.told.size })
  }
}

/** What a pending write asks for, in the form of a change; it has no number yet. */
function pendingChange(operation: Operation): Change {
  const draft: Draft = resolve(operation, undefined, { t: operation.t, against: 'order' }).draft
  return numbered(draft, 0, 0, '')
}
