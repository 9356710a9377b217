import { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { storeContract } from './store-contract.js'
import type { StoreUnderTest } from './support/harness.js'

let epochs = 0

storeContract('memory', () => {
  const server = new MemoryServer({ now: () => 1_700_000_000_000 })
  const made: StoreUnderTest = {
    store: new MemoryStore(server),
    newEpoch: () => `r${++epochs}`,
    legacySet: (agent, field, raw) => Promise.resolve(server.legacySet(agent, field, raw)),
    evict: (target, parts) => Promise.resolve(server.evict(target, parts)),
    evictMarks: (key) => Promise.resolve(server.evictMarks(key)),
    setFence: (name, fence) => Promise.resolve(server.setFence(name, fence)),
    restart: () => {
      server.restart({ keep: 'all' })
      return Promise.resolve(new MemoryStore(server))
    },
  }
  return Promise.resolve(made)
})
