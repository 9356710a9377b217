import type { Redis } from 'ioredis'
import { type ConnectOptions, connectRedis, type RedisConnection } from '../../../src/store/redis/connection.js'
import { RedisStore, type RedisStoreOptions } from '../../../src/store/redis/store.js'
import type { RedisServer } from '../../support/redis.js'
import { afterwards } from '../../support/cleanup.js'
import type { StoreUnderTest } from './harness.js'

let namespaces = 0
let epochs = 0

export interface RedisUnderTest extends StoreUnderTest {
  store: RedisStore
  /** A plain client, as another program has it. */
  client: Redis
  namespace: string
}

type Connect = (options: ConnectOptions) => Promise<RedisConnection>

export async function connectStore(server: RedisServer, options: RedisStoreOptions = {}, connect: Connect = connectRedis): Promise<RedisStore> {
  const endpoint = { socket: server.socketPath, password: server.password }
  const store = new RedisStore(await connect({ endpoint, budgetMs: 5_000 }), options)
  afterwards(() => store.close())
  return store
}

/** A data set of its own on the server: no test sees what another one wrote. */
export async function redisUnderTest(server: RedisServer, options: RedisStoreOptions = {}, connect: Connect = connectRedis): Promise<RedisUnderTest> {
  const namespace = `ns${++namespaces}`
  const store = await connectStore(server, { ...options, namespace }, connect)
  const client = await server.client()
  afterwards(() => client.disconnect())
  const { keys } = store
  const MARKS = { sync: keys.sync, seen: keys.seen, counter: keys.rev, stream: keys.events }
  return {
    store,
    client,
    namespace,
    newEpoch: () => `r${++epochs}`,
    legacySet: async (agent, field, raw) => void (await client.hset(`${namespace}:agents:${agent}`, field, raw)),
    evict: async (target, parts = ['record', 'stamps', 'types']) => {
      const of = keys.of(target)
      for (const part of parts) await client.del(of[part])
    },
    evictMarks: async (key) => void (await client.del(MARKS[key])),
    setFence: async (name, fence) => void (await client.hset(keys.lease(name), 'fence', fence)),
    restart: async () => {
      await server.restart()
      return connectStore(server, { ...options, namespace }, connect)
    },
  }
}
