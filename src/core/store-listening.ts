/** The connection of a hub that is told of changes in the shared store. */
import { messageOf } from '../errors/errors.js'
import type { Store, StoreListener, WakingStore } from '../store/contract.js'
import type { Ports } from './ports.js'

export class StoreListening {
  private present: { store: Store; stop: () => Promise<void> } | null = null

  constructor(
    private readonly ports: Pick<Ports, 'tell'>,
    private readonly on: StoreListener,
  ) {}

  /** Of this store from now on; null: of none. True: it has begun, and what happened before was not heard. Never rejects. */
  async follow(store: Store | null): Promise<boolean> {
    if (store === (this.present?.store ?? null)) return false
    await this.stop()
    if (store === null || !('listen' in store)) return false
    const on: StoreListener = {
      ...this.on,
      lost: () => {
        this.present = null
        this.on.lost()
      },
    }
    try {
      this.present = { store, stop: await (store as WakingStore).listen(on) }
      return true
    } catch (error) {
      this.ports.tell('warn', `Redis does not tell of changes (${messageOf(error)}): they are looked for`)
      return false
    }
  }

  async stop(): Promise<void> {
    const { present } = this
    this.present = null
    await present?.stop().catch(() => undefined) // it may have broken by itself
  }
}
