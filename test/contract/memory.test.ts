import { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { storeContract } from './store-contract.js'
import type { StoreUnderTest } from './suite/session.js'

storeContract('memory', () => Promise.resolve(inMemory()), ['shared', 'restart', 'evict', 'legacySet', 'setFence'])

function inMemory(): StoreUnderTest {
  const server = new MemoryServer({ now: () => 1_700_000_000_000 })
  const connect = (): Promise<MemoryStore> => Promise.resolve(new MemoryStore(server))
  const done = (): Promise<void> => Promise.resolve()
  return {
    store: new MemoryStore(server),
    another: connect,
    restart: () => {
      server.restart({ keep: 'all' })
      return connect()
    },
    evict: (target, parts) => done().then(() => server.evict(target, parts)),
    legacySet: (agent, field, text) => done().then(() => server.legacySet(agent, field, text)),
    setFence: (name, fence) => done().then(() => server.setFence(name, fence)),
  }
}
