import { holderAt, type Lease } from '../domain/lease.js'
import type { ShownHolder } from './lease-contract.js'

/** The holder as anybody may see it: without its token. null: nobody has the lease now. */
export function shown(lease: Lease, now: number): ShownHolder | null {
  const held = holderAt(lease, now)
  if (held === null) return null
  const { token: _, until, ...holder } = held
  return { ...holder, leftMs: until - now, fence: lease.fence }
}
