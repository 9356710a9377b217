import type { Check } from '../check.js'
import { noPart } from '../pieces.js'

/** Whether the block was called, as far as it shows: by the last order in the log of the dispatcher. */
export const lastOrder: Check = {
  name: 'last-order',
  section: 'Integration Hooks',
  look({ installed }) {
    if (installed === null || installed.dispatchers.length === 0) return noPart(installed, 'Last order', 'no dispatcher has a block of ours')
    const { lastOrder: order } = installed
    if (order === null) return { level: 'off', text: 'Last order: none was dispatched since the installation' }
    if (order.isRecorded) return { level: 'ok', text: `Last order recorded: ${order.id}` }
    return {
      level: 'warn',
      text: `The last order that was dispatched (${order.id}) is not recorded`,
      wayOut: 'logs/memory_hooks.log says why a record was kept back; an order that never arrived is not recorded',
    }
  },
}
