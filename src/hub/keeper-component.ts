/** One hub a root: whoever holds the keeper lock is it. */
import { reachHubOf } from '../client/connect.js'
import type { Engine } from '../core/engine-types.js'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import type { Component } from './components.js'

/**
 * A command that is the keeper for one round, or a hub that is just ending, gives signs of life more often, also where fifty others in
 * its process keep it busy.
 */
export const STUCK_MS = 60_000
/** So long one that lives may take for its round: where hundreds write without a hub, on a machine that can do little of it, minutes. */
export const GIVE_UP_MS = 5 * 60_000
/** Nobody takes the lock before a hub that tries at least every second. */
const RETRY_MS = 20
/** Whether a hub has it is asked less often. */
const ASK_MS = 50
const HELLO_MS = 500
/** Who waits for longer says so. */
const SILENT_MS = 2_000

export class KeeperComponent implements Component {
  readonly name = 'keeper'

  constructor(
    private readonly engine: Engine,
    private readonly root: string,
    private readonly clock: Pick<Clock, 'pause'>,
    /** It is not the keeper any more: this hub has to end. */
    private readonly lost?: (why: string) => void,
    private readonly tell: (text: string) => void = () => undefined,
  ) {}

  /** Throws MemoryError `failed` with `details.pid` when a hub of this root runs, or a command does not let go of it. */
  async start(): Promise<void> {
    const queue = new LockQueue()
    for (;;) {
      try {
        await this.engine.start(this.lost)
        return
      } catch (error) {
        const holder = holderOf(error)
        if (holder === null) throw error
        if (queue.mayAsk() && (await this.isServed())) throw alreadyRuns(this.root, holder.pid, error)
        if (queue.isStuck(holder.sign)) throw isKept(this.root, holder.pid, error)
        if (queue.mayTell()) this.tell(`waits for pid ${holder.pid}, which works on the root; commands do without a hub meanwhile`)
        await this.clock.pause(RETRY_MS)
      }
    }
  }

  stop(): Promise<void> {
    return this.engine.stop()
  }

  /** Somebody listens on the socket: the lock will not be free in a moment. */
  private async isServed(): Promise<boolean> {
    const reached = await reachHubOf(this.root, { budgetMs: HELLO_MS })
    if ('connection' in reached) reached.connection.close()
    return reached.is !== 'absent'
  }
}

/** Waiting for a lock that others take turns with. */
export class LockQueue {
  private readonly began: number
  private sign = ''
  private signedAt: number
  private askedAt = -Infinity
  private hasTold = false

  constructor(private readonly now: () => number = () => performance.now()) {
    this.began = this.signedAt = now()
  }

  isStuck(sign: string): boolean {
    const now = this.now()
    if (sign !== this.sign) this.signedAt = now
    this.sign = sign
    return now - this.signedAt >= STUCK_MS || now - this.began >= GIVE_UP_MS
  }

  mayAsk(): boolean {
    const now = this.now()
    if (now - this.askedAt < ASK_MS) return false
    this.askedAt = now
    return true
  }

  /** Once, when it takes long. */
  mayTell(): boolean {
    if (this.hasTold || this.now() - this.began < SILENT_MS) return false
    this.hasTold = true
    return true
  }
}

/** Who holds the lock, where that is why the engine could not start; `sign`: another one with each turn, and as long as the holder lives. */
function holderOf(error: unknown): { pid: number; sign: string } | null {
  const { pid, turn, touchedAt } = error instanceof MemoryError ? error.details : {}
  return typeof pid === 'number' ? { pid, sign: `${String(turn)} ${String(touchedAt)}` } : null
}

const alreadyRuns = (root: string, pid: number, cause: unknown): MemoryError =>
  new MemoryError('failed', `a hub of ${root} runs already: pid ${pid}`, {
    details: { pid },
    suggestions: ['memory_sync hub status shows it.', 'memory_sync hub stop ends it.'],
    cause,
  })

const isKept = (root: string, pid: number, cause: unknown): MemoryError =>
  new MemoryError('failed', `the hub cannot start: another process (pid ${pid}) works on ${root} and does not come to an end`, {
    details: { pid },
    suggestions: ['start it again when that process has ended; if it is stopped or hangs, end it'],
    cause,
  })
