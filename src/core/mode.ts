import type { Store } from '../store/contract.js'
import { isSharedEpoch, type Ports } from './ports.js'

/**
 * `online`: a shared store answers, and gives the revisions. `away`: there is one, and it does not. `off`: this root gives them
 * itself.
 */
export type Mode = 'online' | 'away' | 'off'

/** A root that once met a shared store gives revisions itself only when it is told to. */
export function modeOf(ports: Ports, epoch: string | null, store: Store | null): Mode {
  if (store !== null) return 'online'
  const { configured } = ports.connector
  return configured === 'off' || (configured === 'probed' && !isSharedEpoch(epoch)) ? 'off' : 'away'
}
