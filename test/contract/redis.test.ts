import { startRedis } from '../support/redis.js'
import { storeContract } from './store-contract.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis({ aof: true })

storeContract('redis', () => redisUnderTest(server))
