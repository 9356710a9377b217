/** What Redis says of itself, and how this process gets in. */
import { LEGACY_DEFAULT_PASSWORD } from '../../config/redis.js'
import type { Facts, RedisFact } from '../../health/facts.js'
import { MemoryError } from '../../errors/errors.js'
import { later } from '../../platform/later.js'
import type { RedisConnector } from '../redis-connector.js'

const loadInspection = later(() => import('../../store/redis/inspect.js'))

/** null: there is no connection, or it broke while it was asked. */
export async function redisOf(connector: RedisConnector): Promise<RedisFact | null> {
  const store = await connector.connect()
  const { endpoint } = connector
  if (store === null || endpoint === null) return null
  const { inspectRedis } = await loadInspection()
  try {
    return await inspectRedis(store, endpoint)
  } catch (error) {
    if (error instanceof MemoryError) return null
    throw error
  }
}

const GUESSED_FIRST = new Set(['password', 'passw0rd', 'foobared', 'changeme', 'changeit', 'letmein', 'redispassword', '123456789'])
const SHORT = 8

export function passwordKind(password: string | undefined): Facts['password'] {
  if (password === undefined) return 'none'
  if (password === LEGACY_DEFAULT_PASSWORD) return 'legacy-default'
  return password.length < SHORT || GUESSED_FIRST.has(password.toLowerCase()) ? 'weak' : 'own'
}
