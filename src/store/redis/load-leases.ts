/** What is loaded when somebody has to do with a lease in Redis, and not before. */
import type { LeaseStore } from '../lease-contract.js'
import { RedisLeases } from './leases.js'
import type { RedisStore } from './store.js'

export const redisLeasesOf = ({ connection, keys, limits, offsetMinutes }: RedisStore): LeaseStore =>
  new RedisLeases({ connection, keys, history: limits.history, offsetMinutes })
