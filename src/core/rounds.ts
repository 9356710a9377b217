/** A root without a hub: whoever writes is the keeper for one round, if nobody else is; and goes on from there in its next one. */
import { Shared } from '../domain/shared.js'
import { messageOf } from '../errors/errors.js'
import type { Store } from '../store/contract.js'
import type { Glance, Held } from '../store/root.js'
import { noteFresh, validatorOf } from './freshness.js'
import { Keeper } from './keeper.js'
import { type Mode, modeOf } from './mode.js'
import type { Ports } from './ports.js'
import type { Portion } from './portion.js'
import type { KeeperAccess, Patience } from './writer.js'

const LOCK_BUDGET_MS = 100 // so long a command tries to become the keeper
const LOCK_RETRY_MS = 5
/** Who has nothing but the lock waits in the queue for it: while it changes hands at least so often, and no longer than that. */
const STUCK_MS = 300
const QUEUE_BUDGET_MS = 10_000
/** Rounds of one command: others' writes that came in meanwhile are taken along, but not for ever. */
const MAX_ROUNDS = 3

/**
 * The first round sends what waits for so long: after an outage that may be more than a command should wait for. A program that lives on
 * has those after it done in the background: each begins with reading what others have saved, and that should be the smaller part.
 */
const FIRST: Portion = { replayMs: 500, records: Infinity }
const LATER: Portion = { replayMs: 2_000, records: Infinity }
/** A write waits so long for its round; it is kept in any case. */
const SETTLE_MS = 1_000

/** A program that writes now and then does not hold everything in memory between two writes. */
const KEPT_MS = 10_000

/** Rounds in the background rest so many times as long as they take, and no longer than this. */
const REST = 3
const LONGEST_REST_MS = 500

export class SingleRounds implements KeeperAccess {
  private isAsked = false
  private isEnding = false
  private isFirst = true
  /** The last round has left something for another one. */
  private isUnfinished = false
  private background: Promise<void> | null = null
  /** Done one at a time: what has not begun yet is done for everybody who asks until then. */
  private readonly rounds = new Shared(() => this.tryRounds())
  private readonly views = new Shared(() => this.look())
  private endRest = (): void => undefined
  /** It lasts from round to round, as long as no other keeper has saved the state in between. */
  private keeper: Keeper
  private forgetting: NodeJS.Timeout | undefined
  private inTurn: Keeper | null = null

  constructor(private readonly ports: Ports) {
    this.keeper = new Keeper(ports)
  }

  facts(id?: string): Promise<Glance> {
    return this.ports.root.glance(id)
  }

  /** `mustWait` false: in the background, together with others that are asked for until then; see `idle`. */
  async settle(mustWait = true): Promise<Keeper | null> {
    if (mustWait) return this.waited()
    this.isAsked = true
    this.background ??= this.work()
    return null
  }

  private async waited(): Promise<Keeper | null> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, SETTLE_MS, null)))
    const keeper = await Promise.race([this.rounds.ask(), late])
    clearTimeout(timer)
    // What is left is for who goes on living: a command that ends leaves it to the next.
    if (this.isUnfinished) this.background ??= this.rest(LONGEST_REST_MS).then(() => this.work())
    return keeper
  }

  /** When everything that was asked for is done. */
  async idle(): Promise<void> {
    this.isEnding = true
    this.endRest()
    await this.background
    await this.rounds.idle()
  }

  /** Nobody follows the journal here. */
  has(): boolean {
    return false
  }

  known(): undefined {
    return undefined
  }

  /** Nobody follows the changes here. */
  async took(): Promise<void> {}

  private async work(): Promise<void> {
    while (this.isAsked || (this.isUnfinished && !this.isEnding)) {
      this.isAsked = false
      const began = this.ports.clock.ticks()
      await this.rounds.ask()
      // A process that lives for long has other things to do.
      if (!this.isEnding) await this.rest(Math.min(LONGEST_REST_MS, REST * (this.ports.clock.ticks() - began)))
    }
    this.background = null
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private async tryRounds(): Promise<Keeper | null> {
    try {
      return await this.doRounds()
    } catch (error) {
      // A full disk, or one that fails: what was acknowledged is in the journal or in Redis, and the next round does the rest.
      this.ports.tell('error', `a round failed: ${messageOf(error)}`)
      return null
    }
  }

  private async doRounds(): Promise<Keeper | null> {
    const portion = this.isFirst ? FIRST : LATER
    this.isFirst = false
    let keeper: Keeper | null = null
    let validator: string | null = null
    for (let round = 0; round < MAX_ROUNDS; round++) {
      validator = await validatorOf(this.ports)
      const done = await this.alone(async (own) => {
        await own.round('all', 'now', portion)
        return own
      })
      if (done === null) break
      keeper = done
      this.isUnfinished = keeper.isUnfinished
      // Who came while the lock was held may have left without a round: look again after releasing.
      await keeper.refresh()
      if (keeper.mode === 'away' || keeper.isUnfinished || !keeper.hasWork()) break
    }
    const text = keeper?.textInFile
    if (keeper?.roundsBehind === 0 && !keeper.isUnfinished && text) await noteFresh(this.ports.root, validator, keeper, text)
    return keeper
  }

  view(): Promise<Keeper> {
    return this.views.ask()
  }

  /** As `view`, for a caller who changes what it is given. */
  load(): Promise<Keeper> {
    return this.brought(new Keeper(this.ports))
  }

  private async look(): Promise<Keeper> {
    const before = this.keeper
    const keeper = await this.follow(before)
    if (this.keeper === before) this.keeper = keeper
    this.forgetLater()
    return keeper
  }

  private forgetLater(): void {
    clearTimeout(this.forgetting)
    this.forgetting = setTimeout(() => (this.keeper = new Keeper(this.ports)), KEPT_MS).unref()
  }

  /** One that only looks is brought up to date, or another one is, where it was overtaken. */
  async follow(keeper: Keeper): Promise<Keeper> {
    if (!(await keeper.isOvertaken())) {
      await this.brought(keeper)
      if (!(await keeper.isOvertaken())) return keeper // else it may have missed what was folded meanwhile
    }
    return this.load()
  }

  /** Up to date, and with the mode of this moment. */
  private async brought(keeper: Keeper): Promise<Keeper> {
    await keeper.refresh()
    const store = await this.ports.connector.connect()
    if (keeper !== this.inTurn) keeper.mode = this.mode({ epoch: keeper.replica.epoch }, store) // else its round says
    return keeper
  }

  /** In a queue of others a turn comes: it is given up only when the lock does not change hands. */
  async alone<T>(action: (keeper: Keeper) => Promise<T>, patience: Patience = 'short'): Promise<T | null> {
    const { clock, lock } = this.ports
    const began = clock.ticks()
    let until = began + LOCK_BUDGET_MS
    let turn = -1
    for (;;) {
      const held = await lock.tryAcquire()
      if (held !== null) {
        try {
          return await this.inPlace(action)
        } finally {
          await this.release(held)
        }
      }
      const now = clock.ticks()
      if (patience === 'queue' && now - began < QUEUE_BUDGET_MS) {
        const present = (await lock.holder())?.turn ?? turn + 1
        if (present !== turn) until = now + STUCK_MS
        turn = present
      }
      if (now >= until) return null
      await clock.pause(LOCK_RETRY_MS)
    }
  }

  /** What was done is done also where the disk does not take that the lock is free: for this process it is, for others when it has ended. */
  private async release(held: Held): Promise<void> {
    try {
      await held.release()
    } catch (error) {
      this.ports.tell('error', `the lock of the root could not be released: ${messageOf(error)}`)
    }
  }

  private async inPlace<T>(action: (keeper: Keeper) => Promise<T>): Promise<T> {
    const keeper = await this.upToDate()
    this.inTurn = keeper
    try {
      return await action(keeper)
    } catch (error) {
      keeper.giveUp()
      throw error
    } finally {
      this.inTurn = null
      this.forgetLater()
    }
  }

  /** The lock is ours: nobody saves any more. But a look may have begun to read before, and not be through. */
  private async upToDate(): Promise<Keeper> {
    const { keeper } = this
    if (!(await keeper.isOvertaken())) {
      keeper.takeTurn()
      await keeper.refresh()
      if (!(await keeper.isOvertaken())) return keeper
    }
    return (this.keeper = new Keeper(this.ports))
  }

  mode(facts: Pick<Glance, 'epoch'>, store: Store | null): Mode {
    return modeOf(this.ports, facts.epoch, store)
  }
}
