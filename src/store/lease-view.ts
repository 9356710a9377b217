import { holderAt, type Lease } from '../domain/lease.js'
import type { LeaseView, ShownHolder } from './lease-contract.js'

/** Whoever asks for it now gets it. */
export const isFree = ({ holder, queue, withheld, foreign }: LeaseView): boolean =>
  holder === null && queue.length === 0 && withheld === null && foreign === null

/** The holder as anybody may see it: without its token. null: nobody has the lease now. */
export function shown(lease: Lease, now: number): ShownHolder | null {
  const held = holderAt(lease, now)
  if (held === null) return null
  const { token: _, until, ...holder } = held
  return { ...holder, leftMs: until - now, fence: lease.fence }
}
