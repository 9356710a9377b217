/** What is loaded when somebody has to do with a lease in Redis, and not before. */
export { RedisLeases } from './leases.js'
