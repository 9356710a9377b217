/** A lease as it stands in its file: its times are moments, which hold after a restart of the machine, too. */
import { emptyLease, type Holder, type Lease, LONGEST_LEASE_MS, type Waiter } from '../../domain/lease.js'
import { type Moment, msUntil } from '../../platform/uptime.js'

interface LeaseText extends Omit<Lease, 'holder' | 'queue'> {
  holder: (Omit<Holder, 'until'> & { until: Moment }) | null
  queue: (Omit<Waiter, 'aliveUntil'> & { aliveUntil: Moment })[]
}

export function formatLease(lease: Lease, now: Moment): string {
  const at = (ms: number): Moment => ({ boot: now.boot, ms, wall: now.wall + ms - now.ms })
  const text: LeaseText = {
    ...lease,
    holder: lease.holder === null ? null : { ...lease.holder, until: at(lease.holder.until) },
    queue: lease.queue.map((waiter) => ({ ...waiter, aliveUntil: at(waiter.aliveUntil) })),
  }
  return `${JSON.stringify(text)}\n`
}

type Named = Pick<Lease, 'name' | 'fence'>

/** Its times are on the clock of `now`; which lease it is says the name of its file. null: it is none. */
export function parseLease(text: string, named: Named, now: Moment): Lease | null {
  const lease = leaseTextIn(text)
  if (lease === null) return null
  const at = (moment: Moment, atMost: number): number => now.ms + Math.min(msUntil(moment, now), atMost)
  const { holder, queue } = lease
  return {
    ...named,
    calls: lease.calls,
    holder: holder === null ? null : { ...holder, until: at(holder.until, holder.ttlMs) },
    queue: queue.map((waiter) => ({ ...waiter, aliveUntil: at(waiter.aliveUntil, Infinity) })),
  }
}

/** Of one whose file cannot be read: somebody may have it, for as long as a lease lasts that was granted when the file was written. */
export function unknownLease({ name, fence }: Named, writtenAt: number, now: Moment): Lease {
  if (fence === 0) return emptyLease(name) // it was never granted
  const since = Math.floor(writtenAt)
  const until = now.ms + LONGEST_LEASE_MS - Math.max(0, now.wall - since)
  const facts = { ttlMs: LONGEST_LEASE_MS, since, reason: 'its file cannot be read', count: 1, root: '', process: '' }
  return { name, fence, holder: { name: 'unknown', token: NOBODYS, until, ...facts }, queue: [], calls: [] }
}

/** No digest of a token. */
const NOBODYS = 'unknown'

function leaseTextIn(text: string): LeaseText | null {
  try {
    const lease = JSON.parse(text) as Partial<LeaseText> | null
    const isWhole =
      lease !== null &&
      (lease.holder === null || (isMoment(lease.holder?.until) && typeof lease.holder?.ttlMs === 'number')) &&
      Array.isArray(lease.calls) &&
      Array.isArray(lease.queue) &&
      lease.queue.every((waiter: Partial<LeaseText['queue'][number]> | null) => isMoment(waiter?.aliveUntil))
    return isWhole ? (lease as LeaseText) : null
  } catch {
    return null
  }
}

const isMoment = (moment: Partial<Moment> | undefined): boolean =>
  typeof moment?.boot === 'string' && typeof moment.ms === 'number' && typeof moment.wall === 'number'
