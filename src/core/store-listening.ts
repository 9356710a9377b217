/** What is told in the shared store: the connection of a hub, or of a watcher without one, that hears of changes; and what a hub publishes. */
import { messageOf } from '../errors/errors.js'
import type { Store, StoreListener, WakingStore } from '../store/contract.js'
import type { Ports } from './ports.js'

/** A store that does not let anybody listen is asked again after so long. */
const RETRY_MS = 5_000
/** So often a connection that breaks within that time is followed by another one at once. */
const BRIEF_TIMES = 3
/** A connection on which so many are missing tells of nothing: they are not waited for. */
const MAX_ECHOES = 1_000

export class StoreListening {
  private present: { store: Store; stop: () => Promise<void> } | null = null
  private refused: { store: Store; at: number } | null = null
  /** Connections, one after another, that broke soon. */
  private brief = 0
  /** Messages that were told here when they were published, and that the store will tell of too: how often. */
  private readonly echoes = new Map<string, number>()
  /** To begin listening, and to publish: one after another, so that it is known of which messages the store will tell. */
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly ports: Pick<Ports, 'tell' | 'clock'>,
    private readonly on: StoreListener,
  ) {}

  /** It hears what happens. */
  get isPresent(): boolean {
    return this.present !== null
  }

  /** Of this store from now on; null: of none. True: it has begun, and what happened before was not heard. Never rejects. */
  follow(store: Store | null): Promise<boolean> {
    return this.inTurn(() => this.followNow(store))
  }

  /** Tells it here at once, so that this does not depend on the connection; then in the store, where there is one. */
  publish(store: WakingStore | null, text: string): Promise<void> {
    return this.inTurn(async () => {
      const isEchoed = store !== null && this.present?.store === store
      if (isEchoed) this.expectEcho(text, 1)
      this.on.published?.(text)
      try {
        await store?.publish(text)
      } catch (error) {
        if (isEchoed) this.expectEcho(text, -1)
        throw error
      }
    })
  }

  async stop(): Promise<void> {
    const { present } = this
    this.present = null
    await present?.stop().catch(() => undefined) // it may have broken by itself
  }

  private async followNow(store: Store | null): Promise<boolean> {
    if (store === (this.present?.store ?? null)) return false
    await this.stop()
    if (store === null || !('listen' in store) || this.isRefused(store)) return false
    const on: StoreListener = {
      ...this.on,
      published: (text, rev) => {
        if (this.echoes.has(text)) this.expectEcho(text, -1)
        else this.on.published?.(text, rev)
      },
      lost: () => {
        this.present = null
        const now = this.ports.clock.now()
        this.brief = Math.abs(now - since) < RETRY_MS ? this.brief + 1 : 0
        if (this.brief > BRIEF_TIMES) this.refused = { store, at: now }
        this.on.lost()
      },
    }
    const since = this.ports.clock.now()
    this.echoes.clear() // of the connection before: what it did not tell of by now does not come
    try {
      this.present = { store, stop: await (store as WakingStore).listen(on) }
      return true
    } catch (error) {
      this.refused = { store, at: this.ports.clock.now() }
      this.ports.tell('warn', `Redis does not tell of changes (${messageOf(error)}): they are looked for`)
      return false
    }
  }

  private isRefused(store: Store): boolean {
    return this.refused?.store === store && Math.abs(this.ports.clock.now() - this.refused.at) < RETRY_MS
  }

  private expectEcho(text: string, more: 1 | -1): void {
    const count = (this.echoes.get(text) ?? 0) + more
    if (this.echoes.size >= MAX_ECHOES) this.echoes.clear()
    if (count > 0) this.echoes.set(text, count)
    else this.echoes.delete(text)
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work)
    this.turn = done.catch(() => undefined)
    return done
  }
}
