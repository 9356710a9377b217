/** A hub: the keeper of its root for its life. Rounds run one after another, each as soon as there is something to do. */
import type { Entry } from '../domain/entry.js'
import type { Change, Target } from '../domain/operation.js'
import { MemoryError, messageOf, NotTaken, StoreUnavailable } from '../errors/errors.js'
import type { Store, WakingStore } from '../store/contract.js'
import type { Glance, Held } from '../store/root.js'
import { Agenda, idleMs } from './agenda.js'
import type { Feed } from './feed.js'
import { HubHearing } from './hub-hearing.js'
import { Keeper } from './keeper.js'
import { type Mode, modeOf } from './mode.js'
import { OwnTimes } from './own-times.js'
import type { Ports } from './ports.js'
import type { Portion } from './portion.js'
import { AFTER_FAILURE_MS, besideRounds, RoundFailures } from './round-failures.js'
import { RoundsDone } from './rounds-done.js'
import type { KeeperAccess } from './writer.js'

/** What is no news to anybody (an own write, a file event) may wait so long for a round, with others like it. */
const SOON_MS = 5
/** A write waits so long for its round; it is kept in any case. */
const SETTLE_MS = 150
/**
 * A round sends for so long what waits: after an outage others ask meanwhile, and the file is to show what they do. All else in a
 * round costs something, too. And of ten thousand records it compares so many: others want to write, to Redis and to the file.
 */
const PORTION: Portion = { replayMs: 2_000, records: 250 }

export class HubRounds implements KeeperAccess {
  readonly keeper: Keeper
  private held: Held | null = null
  private lost: (why: string) => void = () => undefined
  private running: Promise<void> = Promise.resolve()
  private stopping = false
  private isWaitedFor = false
  private readonly agenda = new Agenda()
  private readonly rounds = new RoundsDone()
  private readonly times = new OwnTimes()
  private readonly failures = new RoundFailures((level, text) => this.ports.tell(level, text))
  private hearing: HubHearing | null = null
  private lastMode: Mode | null = null
  private readonly afterRound: (keeper: Keeper) => Promise<void>

  constructor(
    private readonly ports: Ports,
    private readonly feed: (keeper: Keeper) => Feed,
    /** What else has to be done after each round that succeeds. */
    afterRound: (keeper: Keeper) => Promise<void>,
  ) {
    this.afterRound = besideRounds(afterRound, ports.tell)
    this.keeper = new Keeper(ports, 'life')
  }

  /**
   * Throws MemoryError `failed` with `details.pid` when somebody else is the keeper. `lost`: it is not this process any more, as it did
   * not run for long, or as its lock was removed; nothing is written any more.
   */
  async start(lost: (why: string) => void = () => undefined): Promise<void> {
    this.lost = lost
    await this.ports.root.prepare()
    this.held = await this.ports.lock.tryAcquire('for life')
    if (this.held === null) {
      const holder = (await this.ports.lock.holder()) ?? { pid: 0, turn: 0, touchedAt: 0 }
      throw new MemoryError('failed', `another process is the keeper of ${this.ports.root.path}: pid ${holder.pid}`, { details: holder })
    }
    await this.ports.root.sweep()
    const feed = this.feed(this.keeper)
    this.keeper.onNews((news) => {
      feed.take(news)
    })
    this.hearing = new HubHearing(this.ports, this.keeper, feed, (inMs) => this.poke(inMs))
    await this.oneRound(feed, { ...PORTION, records: Infinity }) // what happened while no hub was here
    this.running = this.loop(feed)
  }

  async stop(): Promise<void> {
    if (this.held === null) return
    this.stopping = true
    this.poke()
    await this.running
    await this.hearing?.stop()
    await this.alone((keeper) => keeper.showEverything()).catch((error: unknown) => {
      this.ports.tell('error', `context.json could not be brought up to date: ${messageOf(error)}`)
    })
    // Commands without a hub read all of the journal.
    await this.alone((keeper) => keeper.foldJournal()).catch((error: unknown) => {
      this.ports.tell('error', `the state could not be saved (${messageOf(error)}); the journal has everything`)
    })
    await this.held.release()
    this.held = null
  }

  /** There is something to do, at once or in a while. `files`: what the store may know is known here. Returns the number of the round. */
  poke(inMs = 0, where: 'store' | 'files' = 'store'): number {
    this.agenda.ask(inMs, where)
    return this.rounds.ask()
  }

  /** Files have changed, by us or by others. */
  noteFiles(): void {
    this.poke(SOON_MS, 'files')
  }

  /** From memory, but for what other processes have added to the journal. */
  async facts(): Promise<Glance> {
    await this.keeper.refresh()
    const { replica } = this.keeper
    return {
      epoch: replica.epoch,
      rev: replica.rev,
      high: replica.high,
      skewMs: this.keeper.facts().skewMs,
      lastT: this.times.next(this.keeper.open.newestT(replica.t), this.keeper.now()),
      pending: this.keeper.open.toReplay(replica).length,
    }
  }

  async settle(mustWait: boolean, forMs = SETTLE_MS): Promise<Keeper> {
    this.isWaitedFor ||= mustWait
    if (!mustWait) {
      this.noteFiles()
      return this.keeper
    }
    this.agenda.hurry(AFTER_FAILURE_MS)
    const round = this.poke()
    await this.rounds.wait(round, forMs, () => this.stopping)
    if (!this.rounds.isDone(round)) await this.keeper.refresh() // what the journal has by now is pending, although its round goes on
    return this.keeper
  }

  async view(): Promise<Keeper> {
    await this.keeper.refresh()
    return this.keeper
  }

  async alone<T>(action: (keeper: Keeper) => Promise<T>): Promise<T> {
    const done = this.turn.then(async () => {
      await this.refuseIfLost()
      return action(this.keeper)
    })
    this.turn = done.catch(() => undefined)
    return done
  }

  /** False: it was lost, and whoever started this was told; or nobody can look, and the next round says so. */
  isKeeper(): Promise<boolean> {
    return this.alone(() => Promise.resolve(true)).catch(() => false)
  }

  private async refuseIfLost(): Promise<void> {
    if (this.held === null || (await this.held.isOurs())) return
    const why = 'this process is not the keeper of the root any more: its lock was removed, or another process took it while this one did not run'
    if (!this.stopping) this.lost(why)
    this.stopping = true
    throw new NotTaken(why, { retryable: true })
  }

  mode(facts: Pick<Glance, 'epoch'>, store: Store | null): Mode {
    return modeOf(this.ports, facts.epoch, store)
  }

  has(id: string): boolean {
    return this.keeper.open.has(id) || this.keeper.replica.seen.has(id)
  }

  known(target: Target): Entry | undefined {
    return this.keeper.replica.entries.get(target)
  }

  took(change: Change): Promise<void> {
    return this.keeper.take(change)
  }

  /** To watchers here, and to all others where there is a store that takes it. */
  async publish(store: WakingStore | null, text: string): Promise<void> {
    try {
      await this.hearing!.publish(store, text)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      this.ports.tell('warn', `an event was told on this machine only: ${error.message}`)
      this.poke()
    }
  }

  private turn: Promise<unknown> = Promise.resolve()

  private async loop(feed: Feed): Promise<void> {
    const next = (): { idleMs: number; fileDueInMs: number | null } => ({ idleMs: this.idleMs(), fileDueInMs: this.keeper.fileDueInMs() })
    while (!this.stopping) {
      await this.agenda.rest(next, () => this.stopping)
      if (!this.stopping) await this.oneRound(feed)
    }
  }

  private async oneRound(feed: Feed, portion = PORTION): Promise<void> {
    const number = this.rounds.begin()
    this.agenda.begin()
    try {
      await this.alone(async (keeper) => {
        const file = this.isWaitedFor ? 'cheap' : 'due' // who waits may look into the file next
        this.isWaitedFor = false
        await keeper.round(this.takeTouched(), file, portion)
      })
      await this.afterRound(this.keeper)
      this.failures.succeeded()
    } catch (error) {
      this.agenda.holdOff(this.failures.failed(error))
    }
    this.tellMode()
    await this.listen()
    if (this.keeper.isUnfinished) this.poke()
    this.rounds.end(number)
    feed.wake()
  }

  /** What the round that has begun asks the store for. */
  private takeTouched(): Iterable<Target> | 'all' | 'none' {
    const due = this.hearing!.due()
    return this.agenda.takesStore(this.idleMs(), due !== null) ? this.hearing!.take(due) : 'none'
  }

  private idleMs(): number {
    const { keeper } = this
    const isSettled = keeper.mode === 'online' && this.hearing!.isPresent && !keeper.isUnsettled
    return idleMs({ isSettled, roundsBehind: keeper.roundsBehind, pending: keeper.pending() })
  }

  private tellMode(): void {
    const { mode } = this.keeper
    if (mode === this.lastMode) return
    const { url } = this.ports.connector
    const reason = this.keeper.refusal ?? this.ports.connector.reason
    if (mode === 'away') this.ports.tell('warn', `Redis is away${reason === null ? '' : ` (${reason})`}: writes are kept in the journal`)
    else if (mode === 'online' && this.lastMode !== null) this.ports.tell('info', `Redis is back: ${url ?? ''}`)
    this.lastMode = mode
  }

  private async listen(): Promise<void> {
    const store = this.keeper.mode === 'online' ? await this.ports.connector.connect() : null
    if (await this.hearing!.follow(store)) this.poke()
  }
}
