/** Who waits for a lease is woken when it may be free. One subscription serves everybody who waits in this process. */
import { StoreUnavailable } from '../errors/errors.js'
import type { Handed, LeaseStore } from '../store/lease-contract.js'

/** `handed`: it is his already. */
export type Wake = (handed?: Handed) => void

/** A subscription is kept for the next one who waits. */
const LINGER_MS = 10_000

export class LeaseBell {
  private readonly waiters = new Map<string, { name: string; wake: Wake }>()
  private hearing: Promise<() => Promise<void>> | null = null
  private lingering: NodeJS.Timeout | undefined

  /** Resolves when nothing that happens from now on is missed; where nobody tells, at once: who waits looks now and then. */
  async listen(store: LeaseStore, waiter: { id: string; name: string }, wake: Wake): Promise<() => void> {
    clearTimeout(this.lingering)
    this.waiters.set(waiter.id, { name: waiter.name, wake })
    this.hearing ??= this.open(store)
    const { hearing } = this
    await hearing.catch((error: unknown) => {
      if (this.hearing === hearing) this.hearing = null
      if (!(error instanceof StoreUnavailable)) throw error
    })
    return () => {
      this.waiters.delete(waiter.id)
      if (this.waiters.size === 0) this.lingering = setTimeout(() => void this.close(), LINGER_MS).unref()
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.lingering)
    const { hearing } = this
    this.hearing = null
    const stop = await hearing?.catch(() => undefined)
    await stop?.()
  }

  private open(store: LeaseStore): Promise<() => Promise<void>> {
    const hearing = store.hear(
      (name, next, handed) => {
        if (next !== null) this.waiters.get(next)?.wake(handed)
        else for (const waiter of this.waiters.values()) if (name === '' || waiter.name === name) waiter.wake()
      },
      () => {
        if (this.hearing === hearing) this.hearing = null
        for (const { wake } of this.waiters.values()) wake()
      },
    )
    return hearing
  }
}
