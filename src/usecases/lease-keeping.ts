/** Keeping a lease for as long as something goes on, and saying in time when that cannot be done any more. */
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Surroundings } from './surroundings.js'
import { type LockReply, renewLock } from './lock.js'

/** Time that nobody can set, and that goes on while this process is stopped. */
export interface Stopwatch {
  /** ms */
  now(): number
  /** ms too, and this one also goes on while the machine is suspended, where the system has such a clock. */
  sinceBoot(): number
}

export interface KeepingEvents {
  /** It is ours for so long from now on. */
  renewed(leftMs: number): void
  /** It could not be renewed, and its end is near: whoever works under it has to end. */
  ending(why: string): void
  /** It is over, or as good as: nobody may work under it any more. */
  over(why: string): void
}

/** A renewal that failed is tried again after so much of the TTL. */
const RETRY_PART = 20
const SUSPENSION_MS = 500

/** How long before its end one has to end, is made to, and is made to by others. */
export const marginsOf = (ttlMs: number): { end: number; kill: number; guard: number } => ({
  end: Math.min(ttlMs / 3, 10_000),
  kill: Math.min(ttlMs / 6, 5_000),
  guard: Math.min(ttlMs / 12, 1_000),
})

/** Renews a lease at a third of its time. Its time is counted from before each call: whoever answers counts from later on. */
export class LeaseKeeping {
  private deadline: number
  private timers: NodeJS.Timeout[] = []
  private renewal: NodeJS.Timeout | undefined
  private beat: NodeJS.Timeout
  private failure = ''
  private isRenewing = false
  private isOver = false
  private suspended: number

  /** `askedAt`: before the lease was asked for, or renewed. */
  constructor(
    private readonly memory: Surroundings['memory'],
    private readonly lease: LockReply,
    private readonly ttlMs: number,
    askedAt: number,
    private readonly watch: Stopwatch,
    private readonly events: KeepingEvents,
  ) {
    this.deadline = askedAt + lease.ttlMs
    this.suspended = this.lag()
    this.beat = setInterval(() => this.noticeSuspension(), Math.min(1_000, ttlMs / 6))
    this.armed()
    this.renewAfter(askedAt + ttlMs / 3 - watch.now())
  }

  /** As far as is known here. */
  leftMs(): number {
    return this.deadline - this.watch.now()
  }

  /** To be called after this process was stopped. */
  lookAgain(): void {
    if (this.isOver) return
    if (this.leftMs() <= 0) this.giveUp('this process was stopped for longer than it lasts')
    else void this.renew()
  }

  end(): void {
    this.isOver = true
    clearInterval(this.beat)
    clearTimeout(this.renewal)
    for (const timer of this.timers) clearTimeout(timer)
  }

  private async renew(): Promise<void> {
    if (this.isRenewing || this.isOver) return
    this.isRenewing = true
    const askedAt = this.watch.now()
    try {
      const { name, token } = this.lease
      const { ttlMs } = await renewLock({ memory: this.memory }, { name, token, ttlMs: this.ttlMs })
      this.held(askedAt + ttlMs)
      this.renewAfter(askedAt + this.ttlMs / 3 - this.watch.now())
    } catch (error) {
      if (error instanceof MemoryError && (error.code === 'not-held' || error.code === 'wrong-token')) this.giveUp(error.message)
      this.failure = messageOf(error)
      this.renewAfter(this.ttlMs / RETRY_PART)
    } finally {
      this.isRenewing = false
    }
  }

  private held(deadline: number): void {
    if (this.isOver) return
    this.deadline = deadline
    this.armed()
  }

  private armed(): void {
    for (const timer of this.timers) clearTimeout(timer)
    const { end, kill } = marginsOf(this.ttlMs)
    const left = this.leftMs()
    const why = (): string => `it could not be renewed in time${this.failure === '' ? '' : ` (${this.failure})`}`
    this.timers = [
      setTimeout(() => {
        this.events.ending(why())
      }, left - end),
      setTimeout(() => {
        this.giveUp(why())
      }, left - kill),
    ]
    this.events.renewed(left)
  }

  private renewAfter(ms: number): void {
    if (this.isOver) return
    clearTimeout(this.renewal)
    this.renewal = setTimeout(() => void this.renew(), Math.max(ms, 10))
  }

  /** As if it were over. */
  giveUp(why: string): void {
    if (this.isOver) return
    this.end()
    this.events.over(why)
  }

  /** How far the clock that stands still is behind. */
  private lag(): number {
    return this.watch.sinceBoot() - this.watch.now()
  }

  /** A machine that was suspended has lost time that Redis has counted: only Redis knows. */
  private noticeSuspension(): void {
    const lag = this.lag()
    if (lag - this.suspended > SUSPENSION_MS) void this.renew()
    this.suspended = lag
  }
}
