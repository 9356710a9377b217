import { MemoryLeases } from '../../src/store/memory/leases.js'
import { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { leaseContract } from './lease-contract.js'
import { begin } from './support/harness.js'

leaseContract('memory', async () => {
  let now = 1_700_000_000_000
  let epochs = 0
  const server = new MemoryServer({ now: () => now })
  const store = new MemoryStore(server)
  const leases = new MemoryLeases(server)
  const beginAgain = async (): Promise<void> => {
    server.restart({ keep: 'all' })
    await begin({ store, newEpoch: () => `r${++epochs}` }, (await store.hello()).rev + 100)
  }
  await beginAgain()
  return {
    ...{ leases, store, beginAgain },
    context: async (root = 'root-a') => {
      const { epoch } = await store.hello()
      const on = { epoch: epoch!, floor: 0, root, t: now, longestMs: 30_000, strict: false }
      await leases.report(on, [], [])
      return on
    },
    pass: (ms) => {
      now += ms
      return Promise.resolve()
    },
  }
})
