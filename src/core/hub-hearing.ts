/** What a hub hears of its shared store, and which records it compares because of that, or because nobody tells of them. */
import type { Target } from '../domain/operation.js'
import type { Store, StoreListener, WakingStore } from '../store/contract.js'
import type { Feed } from './feed.js'
import type { Keeper } from './keeper.js'
import type { Ports } from './ports.js'
import { Scanning } from './scanning.js'
import { StoreListening } from './store-listening.js'

/** A record was touched: mostly by an own write (NOLOOP knows nothing of scripts), else by a program that tells nobody. Each has to be read. */
const TOUCHED_MS = 30

export class HubHearing {
  private readonly touched = new Set<Target>()
  private readonly scanning = new Scanning()
  private readonly listening: StoreListening

  /** `poke`: a round is wanted that asks the store, in so many ms. */
  constructor(
    private readonly ports: Ports,
    private readonly keeper: Keeper,
    feed: Feed,
    poke: (inMs?: number) => void,
  ) {
    this.listening = new StoreListening(ports, this.listenerOf(feed, poke))
  }

  /** It hears what happens. */
  get isPresent(): boolean {
    return this.listening.isPresent
  }

  /** See StoreListening.follow. */
  async follow(store: Store | null): Promise<boolean> {
    const hasBegun = await this.listening.follow(store)
    if (hasBegun) this.scanning.restart() // what was written while nobody listened
    return hasBegun
  }

  publish(store: WakingStore | null, text: string): Promise<void> {
    return this.listening.publish(store, text)
  }

  stop(): Promise<void> {
    return this.listening.stop()
  }

  /** Records of which nobody tells, where it is time to compare them, and they count as compared; null: none. */
  due(): 'all' | readonly Target[] | null {
    const records = this.keeper.replica.entries.size
    return this.scanning.take(this.ports.clock.now(), { records, isTold: this.isPresent })
  }

  /** These, and those that were touched until now: they are given once. */
  take(due: 'all' | readonly Target[] | null): Iterable<Target> | 'all' {
    const touched = [...this.touched]
    this.touched.clear()
    return due === 'all' ? due : new Set([...touched, ...(due ?? [])])
  }

  private listenerOf(feed: Feed, poke: (inMs?: number) => void): StoreListener {
    return {
      changed: (rev = Infinity) => {
        // The answer to an own commit may be behind its echo by a moment.
        setImmediate(() => {
          if (rev > this.keeper.replica.rev) poke()
        })
      },
      touched: (target) => {
        this.touched.add(target)
        poke(TOUCHED_MS)
      },
      lost: () => {
        poke()
      },
      published: (text, rev) => {
        feed.takeMessage(text, rev)
      },
    }
  }
}
