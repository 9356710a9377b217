/** The notices of one connection, at the speed of whoever takes them. */
import type { Notice, WatchRequest } from '../core/memory.js'
import { heldUntil } from '../domain/held.js'
import { pingHub } from './call.js'
import { type HubConnection, HubGone } from './connection.js'
import type { EndReason } from './protocol.js'
import { noticeFromWire, type WireNotice } from './wire.js'

/** More than these are not taken in: then the hub is left to see that the reader is slow. */
const MAX_WAITING = 64
/** So often a hub that is silent is asked whether it still lives. */
const BEAT_MS = 1_000

export interface NoticeStream extends AsyncIterable<Notice> {
  /** It ended because everything was told: it is not to be resumed. */
  readonly isDone: boolean
}

/**
 * Ends quietly when the connection breaks, the hub stops or hangs, or the reader was too slow: all of these go on from the
 * last cursor. Throws what the hub refuses the watch with.
 */
export function openStream(connection: HubConnection, request: WatchRequest, budgetMs: number): NoticeStream {
  return new Stream(connection, request, budgetMs)
}

class Stream implements NoticeStream {
  isDone = false
  private readonly waiting: WireNotice[] = []
  private isPaused = false
  private isOver = false
  private failure: Error | null = null
  /** When the hub was last asked for a sign of life; 0: not since this side listens. */
  private askedAt = 0
  private wake: () => void = () => undefined

  constructor(
    private readonly connection: HubConnection,
    private readonly request: WatchRequest,
    private readonly budgetMs: number,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Notice, void, undefined> {
    const { since, signal } = this.request
    const n = this.begin(since)
    const beat = setInterval(() => {
      this.listenForLife()
    }, Math.max(BEAT_MS, this.budgetMs))
    const leave = heldUntil(signal, () => {
      clearInterval(beat)
      this.isDone ||= signal.aborted
      this.finish()
      if (n === null) return
      this.connection.forget(n)
      this.connection.cancel(n)
    })
    try {
      yield* this.take()
    } finally {
      leave()
    }
    if (this.failure !== null) throw this.failure
  }

  private async *take(): AsyncGenerator<Notice, void, undefined> {
    for (;;) {
      const wire = this.waiting.shift()
      if (wire !== undefined) {
        if (this.request.signal.aborted) return
        yield noticeFromWire(wire)
      } else if (this.isOver) {
        return
      } else {
        this.resume()
        await new Promise<void>((resolve) => (this.wake = resolve))
      }
    }
  }

  private begin(since: string | undefined): number | null {
    if (!this.connection.isOpen) {
      this.isOver = true
      return null
    }
    return this.connection.call('watch', since === undefined ? {} : { since }, {
      notice: (value) => {
        this.add(value as WireNotice)
      },
      ok: () => {
        this.end('done')
      },
      end: (reason) => {
        this.end(reason)
      },
      failed: (error) => {
        if (!(error instanceof HubGone)) this.failure = error
        this.finish()
      },
    })
  }

  private add(notice: WireNotice): void {
    this.waiting.push(notice)
    if (this.waiting.length >= MAX_WAITING && !this.isPaused) {
      this.isPaused = true
      this.connection.pause()
    }
    this.wake()
  }

  private resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.askedAt = 0
    this.connection.resume()
  }

  private end(reason: EndReason): void {
    this.isDone ||= reason === 'done' || reason === 'cancelled'
    this.finish()
  }

  private finish(): void {
    this.isOver = true
    this.wake()
  }

  /** Not while paused: then it is this side that does not listen. */
  private listenForLife(): void {
    if (this.isPaused) return
    if (this.askedAt > 0 && this.connection.heardAt < this.askedAt) {
      this.connection.close('the hub does not answer')
      return
    }
    this.askedAt = performance.now()
    pingHub(this.connection)
  }
}
