/** Leases by way of a running hub. */
import type { AcquireOutcome, Leasing, ReleaseOutcome, RenewOutcome } from '../core/leasing.js'
import type { LeaseView } from '../store/lease-contract.js'
import type { Patience } from './call.js'
import { HubGone } from './connection.js'
import { acquireFromWire, type WireAcquire } from './wire.js'

type Call = (args: object, extraMs: number, rest?: Pick<Patience, 'signal' | 'hearsOut' | 'proven'>) => Promise<unknown>

/** What somebody is answered who does not want it any more. */
const ABANDONED: AcquireOutcome = { is: 'taken', holder: null, position: null, retryMs: 0 }

const unknownView = (name: string): LeaseView => ({ name, fence: 0, holder: null, queue: [], withheld: null, foreign: null })

/** Throws HubGone also to those who wait for a lease when the hub ends: the same request can be made elsewhere. */
export const leasesOverSocket = (call: Call): Leasing => ({
  acquire: async (request, signal) => {
    const isAborted = (): boolean => signal?.aborted === true
    if (isAborted()) return ABANDONED
    let sentAfter = performance.now()
    const proven = (at: number): void => {
      sentAfter = Math.max(sentAfter, at)
    }
    // What was granted in the moment of the abort would be held by nobody: the caller has to hear of it.
    const answer = await call({ do: 'acquire', request }, request.waitMs, { signal, proven, hearsOut: true }).catch((error: unknown) => {
      if (isAborted() && error instanceof HubGone) return 'cancelled' // and a hub that lives hears that the connection is gone
      throw error
    })
    if (typeof answer === 'string' && isAborted()) return ABANDONED
    if (typeof answer === 'string') throw new HubGone('the hub ends', true)
    return acquireFromWire(answer as WireAcquire, sentAfter)
  },
  renew: async (request) => (await call({ do: 'renew', request }, 0)) as RenewOutcome,
  release: async (request) => (await call({ do: 'release', request }, 0)) as ReleaseOutcome,
  untilFree: async (request, signal) => {
    const answer = await call({ do: 'untilFree', request }, request.waitMs, { signal })
    if (typeof answer === 'string') throw new HubGone('the hub ends', true)
    return (answer ?? unknownView(request.name)) as LeaseView
  },
  look: async (name) => (await call({ do: 'look', name }, 0)) as LeaseView,
  list: async () => (await call({ do: 'list' }, 0)) as string[],
})
