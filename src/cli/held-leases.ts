/** The leases that are held, for whoever looks at agents. */
import type { Memory } from '../core/memory.js'
import { MemoryError } from '../errors/errors.js'
import { isHolderGone, pidSeenHere } from '../platform/processes.js'
import { listLocks } from '../usecases/lock.js'
import type { HeldLease } from '../usecases/presence.js'

/** Without those whose holder was a process of this machine that is gone. null: Redis is away, and nobody knows. */
export async function heldLeases(memory: Memory): Promise<HeldLease[] | null> {
  try {
    const views = await listLocks({ memory }, false)
    return views.flatMap(({ name, holder }) => {
      if (holder === null || isHolderGone(holder.process ?? '')) return []
      return [{ name, agent: holder.name, pid: pidSeenHere(holder.process ?? '') }]
    })
  } catch (error) {
    if (error instanceof MemoryError && error.code === 'unavailable') return null
    throw error
  }
}
