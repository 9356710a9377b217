/** The hub of a root for one memory: one client at a time, and none is left open that nobody asks any more. */
import { connectHubOf } from '../client/connect.js'
import type { HubClient } from '../client/hub-client.js'

/** A hub that does not answer in this time is passed by. */
const HUB_BUDGET_MS = 150
const LOOK_AGAIN_MS = 1_000
/** Where there is nobody else to go to. */
const PATIENT_HUB_BUDGET_MS = 500

/** Who takes a client leaves it when it has answered. One that another has replaced, or that was dropped, is closed when the last has left it. */
export class HubLink {
  private hub: HubClient | null = null
  private looking: Promise<void> = Promise.resolve()
  private lookedAt = -Infinity
  /** Of each client that is open: who has taken it, and one more for the present one. */
  private readonly uses = new Map<HubClient, number>()
  private isClosed = false

  constructor(private readonly root: string) {}

  /** null: there is none. One that was not there, or did not answer, is looked for again after a while: this process may live for long. */
  async take(): Promise<HubClient | null> {
    if (this.hub === null && performance.now() - this.lookedAt > LOOK_AGAIN_MS) {
      this.lookedAt = performance.now()
      this.looking = this.look(HUB_BUDGET_MS).then((hub) => void this.put(hub))
    }
    if (this.hub === null) await this.looking
    return this.taken(this.hub)
  }

  /** Another client, which waits for longer, in the place of the present one. */
  async takePatiently(): Promise<HubClient | null> {
    return this.taken(this.put(await this.look(PATIENT_HUB_BUDGET_MS)))
  }

  leave(hub: HubClient): void {
    const left = (this.uses.get(hub) ?? 1) - 1
    if (left > 0) {
      this.uses.set(hub, left)
      return
    }
    this.uses.delete(hub)
    void hub.close()
  }

  /** It does not answer; others who have asked it may still hear from it. */
  drop(hub: HubClient): void {
    if (this.hub !== hub) return
    this.hub = null
    this.leave(hub)
  }

  /** What comes after this is closed at once. */
  async close(): Promise<void> {
    this.isClosed = true
    this.hub = null
    await Promise.all([...this.uses.keys()].map((hub) => hub.close()))
    await this.looking
  }

  private taken(hub: HubClient | null): HubClient | null {
    if (hub !== null) this.uses.set(hub, (this.uses.get(hub) ?? 0) + 1)
    return hub
  }

  private look(budgetMs: number): Promise<HubClient | null> {
    return connectHubOf(this.root, { budgetMs })
  }

  /** In the place of the present one. */
  private put(hub: HubClient | null): HubClient | null {
    if (hub === null) return null
    if (this.isClosed) {
      void hub.close()
      return null
    }
    if (this.hub !== null) this.drop(this.hub)
    return (this.hub = this.taken(hub))
  }
}
