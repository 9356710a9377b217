/** The driver from outside: what is loaded when somebody has to talk to Redis, and not before. */
import { connectRedis, type ConnectOptions } from './connection.js'
import { RedisStore, type RedisStoreOptions } from './store.js'

/** Throws StoreUnavailable, with the reason and the way out, within the budget. */
export async function openRedisStore(options: ConnectOptions & RedisStoreOptions): Promise<RedisStore> {
  return new RedisStore(await connectRedis(options), options)
}
