import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { connectRedis } from '../../src/store/redis/connection.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { afterwards } from '../support/cleanup.js'
import { startRedis } from '../support/redis.js'
import { type Actable, Actor } from './store-actor.js'
import { commands } from './store-commands.js'

const server = await startRedis()
const connection = await connectRedis({ endpoint: { socket: server.socketPath }, budgetMs: 5_000 })
const client = await server.client()
afterwards(() => connection.close())
/** The same cases each time; another seed looks at others, and a long run at many more. */
const SEED = Number(process.env['MEMORY_SYNC_TEST_SEED'] ?? 1)
const RUNS = Number(process.env['MEMORY_SYNC_TEST_RUNS'] ?? 300)
let namespaces = 0

it('the store in memory and the store in Redis give the same answers and show the same records', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const memory = new Actor(inMemory())
      const redis = new Actor(inRedis())
      for (const [at, command] of list.entries()) {
        expect(await redis.act(command), `command ${at}`).toEqual(await memory.act(command))
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
}, Math.max(60_000, RUNS * 100))

function inMemory(): Actable {
  const data = new MemoryServer({ now: () => 1_700_000_000_000 })
  return {
    store: new MemoryStore(data),
    legacySet: (agent, field, text) => Promise.resolve(data.legacySet(agent, field, text)),
    evict: (target, parts) => Promise.resolve(data.evict(target, parts)),
    evictMarks: (lost) => Promise.resolve(lost.forEach((mark) => data.evictMarks(mark))),
    setFence: (name, fence) => Promise.resolve(data.setFence(name, fence)),
  }
}

/** A data set of its own on the one server. */
function inRedis(): Actable {
  const store = new RedisStore(connection, { namespace: `p${++namespaces}` })
  const { keys } = store
  // In memory, ids and idempotency keys are one map and are lost together.
  const marks = {
    sync: [keys.sync],
    seen: [keys.seen, keys.keys, keys.keyTimes],
    counter: [keys.rev],
    stream: [keys.events],
  }
  return {
    store,
    legacySet: async (agent, field, text) => void (await client.hset(keys.of(`agent:${agent}`).record, field, text)),
    evict: async (target, parts) => {
      for (const part of parts) await client.del(keys.of(target)[part])
    },
    evictMarks: async (lost) => void (await client.del(...lost.flatMap((mark) => marks[mark]))),
    setFence: async (name, fence) => void (await client.hset(keys.lease(name), 'fence', fence)),
  }
}
