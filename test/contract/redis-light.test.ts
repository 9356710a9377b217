/** The way of a process that makes one call. */
import { connectBriefly } from '../../src/store/redis/connection.js'
import { startRedis } from '../support/redis.js'
import { connectionContract } from './redis-connection-contract.js'
import { storeContract } from './store-contract.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis({ aof: true })
connectionContract(connectBriefly)
storeContract('redis, by the light link', () => redisUnderTest(server, {}, connectBriefly))
