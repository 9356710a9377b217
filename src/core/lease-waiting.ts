/** Waiting for a lease: in the queue of whoever grants it, woken when the turn comes. */
import type { AcquireCall } from '../domain/lease.js'
import { Shared } from '../domain/shared.js'
import { MemoryError } from '../errors/errors.js'
import type { Handed, LeaseStore, LeaseView, ShownHolder } from '../store/lease-contract.js'
import { isFree } from '../store/lease-view.js'
import { LeaseBell } from './lease-bell.js'
import { type AcquireOutcome, isKeeperBusy, type WaitRequest } from './leasing.js'
import { Turn } from './turn.js'

/** Who waits gives a sign of life so often, and looks whether anything was missed. */
const BEAT_MS = 1_000
/** Nobody tells when an older program gives its lock back. */
const FOREIGN_BEAT_MS = 200
/** A shared store may be away for so long while somebody waits. */
const OUTAGE_MS = 5_000
/** What was handed over is taken without asking once more where not more of its time than this part may be over. */
const UNSURE_PART = 10

/** What it takes to be granted a lease, and to be told of it. */
export interface Granting {
  attempt(call: AcquireCall): Promise<AcquireOutcome>
  /** Of what a release has granted already. */
  take(call: AcquireCall, handed: Handed, leftMs: number): Promise<AcquireOutcome>
  /** Never throws because nobody can be reached. */
  leave(call: AcquireCall): Promise<void>
  look(name: string): Promise<LeaseView>
  /** True: its holder was a process that is gone, and it is free. */
  endIfGone(name: string, holder: ShownHolder | null): Promise<boolean>
  /** Who tells of releases at the moment. */
  hearable(): Promise<LeaseStore>
  /** Who tells nobody's turn (files only). */
  looker: LeaseStore
}

export class LeaseWaiting {
  private readonly bell = new LeaseBell()
  /** By name of a lease: each of many who wait is woken by each sign of life of the others. */
  private readonly looks = new Map<string, { shared: Shared<LeaseView>; asking: number }>()

  constructor(private readonly granting: Granting) {}

  /**
   * Asks again whenever the turn may have come, until `until` (on performance.now()) or an abort: then it leaves the queue. A
   * release may have granted it by the time that it wakes this waiter; then nobody has to be asked.
   */
  async turnOf(call: AcquireCall, first: AcquireOutcome, until: number, signal?: AbortSignal): Promise<AcquireOutcome> {
    const { granting } = this
    const turn = new Turn(signal)
    let handed: Handed | undefined
    const stop = await this.bell.listen(await granting.hearable(), call, (what) => {
      handed ??= what
      turn.wake()
    })
    let last = first
    let askedAt = -Infinity // what happened before somebody listened is asked for
    let refusedAt = -Infinity // asked then, and not granted: what is handed over was granted later
    let outageAt: number | null = null
    let goesOn = false
    try {
      for (;;) {
        const pause = Math.min(askedAt + pauseOf(last), until) - performance.now()
        await turn.within(pause)
        if (turn.isOver || (performance.now() >= until && handed === undefined)) return last
        const isDue = performance.now() >= askedAt + pauseOf(last)
        if (!isDue && handed === undefined && !(await this.mayBeNext(call))) continue
        askedAt = performance.now()
        try {
          last = await this.granted(call, handed, refusedAt)
          handed = undefined
          refusedAt = askedAt
          outageAt = null
        } catch (error) {
          goesOn = isKeeperBusy(error) // a hub has begun: whoever waits asks that one, and has his place there
          if (goesOn) throw error
          outageAt ??= performance.now()
          if (!(error instanceof MemoryError) || error.code !== 'unavailable' || performance.now() - outageAt > OUTAGE_MS) throw error
        }
        if (last.is === 'granted') return last
      }
    } finally {
      stop()
      turn.end()
      if (last.is !== 'granted' && !goesOn) await granting.leave(call)
    }
  }

  /** Resolves when it is free, the time is over, or an abort came: with what was seen last. */
  async untilFree({ id, name, waitMs }: WaitRequest, signal?: AbortSignal): Promise<LeaseView> {
    const { granting } = this
    const until = performance.now() + waitMs
    const turn = new Turn(signal)
    const stop = await this.bell.listen(await granting.hearable(), { id, name }, () => {
      turn.wake()
    })
    try {
      for (;;) {
        const view = await granting.look(name)
        if (turn.isOver) return view
        if (await granting.endIfGone(name, view.holder)) continue
        const left = until - performance.now()
        if (isFree(view) || left <= 0) return view
        await turn.within(Math.min(left, pauseBefore(view)))
      }
    } finally {
      stop()
      turn.end()
    }
  }

  close(): Promise<void> {
    return this.bell.close()
  }

  private granted(call: AcquireCall, handed: Handed | undefined, refusedAt: number): Promise<AcquireOutcome> {
    const over = Math.ceil(performance.now() - refusedAt)
    if (handed === undefined || over > handed.ttlMs / UNSURE_PART) return this.granting.attempt(call)
    return this.granting.take(call, handed, handed.ttlMs - over)
  }

  /** With files only everybody who waits is woken by everything: a look tells whether it is worth the keeper's lock. */
  private async mayBeNext({ id, name }: AcquireCall): Promise<boolean> {
    const { granting } = this
    if ((await granting.hearable()) !== granting.looker) return true
    const { holder, queue } = await this.lookAt(name)
    return holder === null && (queue[0] === undefined || queue[0].id === id)
  }

  private async lookAt(name: string): Promise<LeaseView> {
    const look = this.looks.get(name) ?? { shared: new Shared(() => this.granting.looker.look(name)), asking: 0 }
    this.looks.set(name, look)
    look.asking++
    try {
      return await look.shared.ask()
    } finally {
      if (--look.asking === 0) this.looks.delete(name) // there may be a lease for each job, and a hub lives long
    }
  }
}

/** How long nothing is to be expected without being told. */
function pauseOf(outcome: AcquireOutcome): number {
  switch (outcome.is) {
    case 'taken':
      return Math.min(outcome.retryMs + 1, BEAT_MS)
    case 'withheld':
      return Math.min(outcome.leftMs + 1, BEAT_MS)
    default:
      return FOREIGN_BEAT_MS
  }
}

/** The same of one that is looked at. Nobody tells when the next in line takes it: those who do, do so at once. */
function pauseBefore({ holder, withheld }: LeaseView): number {
  const leftMs = withheld?.leftMs ?? holder?.leftMs
  return leftMs === undefined ? FOREIGN_BEAT_MS : Math.min(leftMs + 1, BEAT_MS)
}
