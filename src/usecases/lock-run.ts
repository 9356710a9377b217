/** A command that runs only while a lease is held. */
import { MemoryError } from '../errors/errors.js'
import type { CommandGroup, Ended } from '../platform/command-group.js'
import type { GroupGuard } from '../platform/group-guard.js'
import { LeaseKeeping, marginsOf, type Stopwatch } from './lease-keeping.js'
import { grantLock, type LockReply, type LockRequest, releaseLock, renewLock } from './lock.js'
import type { Surroundings } from './surroundings.js'

export interface RunRequest extends Omit<LockRequest, 'process' | 'signal'> {
  /** Aborts when this process was asked to end before the command was started. */
  signal: AbortSignal
  /** What the command's environment has on top, found out once the lease is there. Throws MemoryError: nothing is started. */
  prepare?: () => Promise<Readonly<Record<string, string>>>
  /** When the command and everything it has started are gone. `isHeld`: the lease is still ours, as far as is known. */
  afterwards?: (ended: RunEnd, isHeld: boolean) => Promise<void>
}

/** `lost`: why the command was ended; undefined: it has ended by itself. */
export interface RunEnd extends Ended {
  lost?: string | undefined
}

/** What is needed of this machine. */
export interface RunWorld {
  /** `now` is performance.now(). */
  watch: Stopwatch
  guard: GroupGuard
  /** Who has the lease, as `formatHolder` writes it. */
  process: string
  /** From then on signals that come for us go to the command. Throws NotStarted. */
  start(extra: Readonly<Record<string, string>>): Promise<CommandGroup>
  /** This process goes on after it was stopped. */
  onContinued(listener: () => void): void
  warn(text: string): void
}

/** What the command left running is given so long to end by itself. */
const SWEEP_MS = 5_000

/**
 * Resolves when nothing of the command is left and the lease was given back. Throws MemoryError as `acquireLock` does, and
 * `lease-lost` when the command was ended because the lease could not be kept, or had lost it before it ended. Throws NotStarted.
 */
export async function runUnderLock(surroundings: Surroundings, request: RunRequest, world: RunWorld): Promise<Ended> {
  const { prepare: _prepare, afterwards: _afterwards, ...asked } = request
  const { reply, asOf, ttlMs } = await grantLock(surroundings, { ...asked, process: world.process })
  const run = new LeasedRun(surroundings, request, world, reply, ttlMs)
  try {
    await run.keep(asOf)
    const ended = await run.work()
    await run.giveBack(ended)
    return ended
  } catch (error) {
    await run.giveBack(null)
    throw error
  }
}

class LeasedRun {
  private keeping: LeaseKeeping | null = null
  private group: CommandGroup | null = null
  private lost: string | undefined
  private isGivenBack = false

  constructor(
    private readonly surroundings: Surroundings,
    private readonly request: RunRequest,
    private readonly world: RunWorld,
    private readonly lease: LockReply,
    private readonly ttlMs: number,
  ) {}

  /** `asOf`: from when its time counts, at the earliest. */
  async keep(asOf: number): Promise<void> {
    const { watch, guard } = this.world
    const { ttlMs } = this
    let from = asOf
    let leftMs = this.lease.ttlMs
    if (watch.now() - asOf > ttlMs / 10) {
      // How much of it is left is not known well enough.
      from = watch.now()
      leftMs = await this.renew()
    }
    const margin = marginsOf(ttlMs).guard
    this.keeping = new LeaseKeeping(this.surroundings.memory, { ...this.lease, ttlMs: leftMs }, ttlMs, from, watch, {
      renewed: (left) => {
        guard.allow(left - margin)
      },
      ending: (why) => {
        this.lost ??= why
        this.group?.signal('SIGTERM')
        this.group?.signal('SIGCONT') // one that is stopped would never hear it
      },
      over: (why) => {
        this.lost ??= why
        void this.group?.kill()
      },
    })
    void guard.gone.then(() => {
      this.keeping?.giveUp('the process that guards the command has ended')
    })
    this.world.onContinued(() => this.keeping?.lookAgain())
  }

  /** From now on, ms. Throws MemoryError `lease-lost`: it was granted, and is another one's by now. */
  private async renew(): Promise<number> {
    const { name, token } = this.lease
    try {
      return (await renewLock(this.surroundings, { name, token, ttlMs: this.ttlMs })).ttlMs
    } catch (error) {
      if (!(error instanceof MemoryError) || (error.code !== 'not-held' && error.code !== 'wrong-token')) throw error
      this.lost = error.message
      throw this.lossOf(`${error.message}; the command was not started`)
    }
  }

  async work(): Promise<RunEnd> {
    const { prepare, afterwards, signal } = this.request
    const extra = (await prepare?.()) ?? {}
    this.refuseIfOver(signal)
    const { name, fence, token } = this.lease
    const group = await this.world.start({
      ...{ MEMORY_SYNC_LOCK_NAME: name, MEMORY_SYNC_FENCE: String(fence), MEMORY_SYNC_LOCK_TOKEN: token },
      ...extra,
    })
    this.group = group
    this.world.guard.guard(group.pid)
    if (this.lost !== undefined) void group.kill() // while it was being started
    const ended = await group.ended
    await group.sweep(this.lost === undefined ? Math.min(SWEEP_MS, this.timeToEnd()) : 0)
    if (this.lost !== undefined) await group.kill()
    await afterwards?.({ ...ended, lost: this.lost }, (this.keeping?.leftMs() ?? 0) > 0)
    return { ...ended, lost: this.lost }
  }

  /** Throws MemoryError `lease-lost`. */
  async giveBack(ended: RunEnd | null): Promise<void> {
    if (this.isGivenBack) return
    this.isGivenBack = true
    this.keeping?.end()
    const released = await this.release()
    await this.world.guard.dismiss()
    if (ended !== null && this.lost !== undefined) throw this.lossOf(`${this.lost}; the command was ended`)
    if (ended !== null && !released) throw this.lossOf(`it was over before the command ended (with exit code ${ended.code})`)
  }

  /** False: it was not ours any more. */
  private async release(): Promise<boolean> {
    const { name, token } = this.lease
    try {
      await releaseLock(this.surroundings, { name, token })
      return true
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
      if (error.code === 'not-held' || error.code === 'wrong-token') return false
      if (this.lost === undefined) this.world.warn(`the lease ${JSON.stringify(name)} was not given back (${error.message}): it ends by itself`)
      return true
    }
  }

  private timeToEnd(): number {
    return (this.keeping?.leftMs() ?? 0) - marginsOf(this.ttlMs).kill
  }

  private refuseIfOver(signal: AbortSignal): void {
    if (this.lost !== undefined) throw this.lossOf(`${this.lost}; the command was not started`)
    if (signal.aborted) throw new MemoryError('failed', 'asked to end before the command was started')
  }

  private lossOf(why: string): MemoryError {
    const { name, fence } = this.lease
    return new MemoryError('lease-lost', `the lease ${JSON.stringify(name)} was lost: ${why}`, {
      suggestions: ['look at what it left behind before it is run again', `memory_sync lock history ${name}`],
      details: { name, fence },
    })
  }
}
