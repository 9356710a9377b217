import { setTimeout } from 'node:timers/promises'
import { RedisLeases } from '../../src/store/redis/leases.js'
import { startRedis } from '../support/redis.js'
import { leaseContract } from './lease-contract.js'
import { begin } from './support/harness.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis()

leaseContract('redis', async () => {
  const made = await redisUnderTest(server)
  const { store, client } = made
  const { keys, connection } = store
  const leases = new RedisLeases({ connection, keys, history: 10_000, offsetMinutes: () => 0 })
  await begin(made)
  return {
    ...{ leases, store },
    context: async (root = 'root-a') => {
      const { epoch, time } = await store.hello()
      const on = { epoch: epoch!, floor: 0, root, t: time, longestMs: 30_000, strict: false }
      await leases.report(on, [], [])
      return on
    },
    // Redis has one clock and nobody moves it: what was written is made older.
    pass: async (ms) => {
      await setTimeout(1)
      await client.eval(OLDER, 1, keys.sync, `${made.namespace}:lease:`, ms)
    },
    beginAgain: async () => {
      await client.hset(keys.sync, 'owner', 'another process')
      await begin(made, (await store.hello()).rev + 100)
    },
    evict: async (name) => void (await client.del(keys.lease(name))),
  }
})

const OLDER = `
local function older(ms) return string.format('%.0f', tonumber(ms) - ARGV[2]) end
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local field = 'lease:' .. string.sub(key, #ARGV[1] + 1)
  local kept = redis.call('HGET', KEYS[1], field)
  if kept then
    local fence, ends, rest = string.match(kept, '^(%S+) (%S+) (.*)$')
    redis.call('HSET', KEYS[1], field, fence .. ' ' .. older(ends) .. ' ' .. rest)
  end
  local queue = string.gsub(redis.call('HGET', key, 'queue') or '', '(%S+) (%S+) (%S+)', function (id, alive, who) return id .. ' ' .. older(alive) .. ' ' .. who end)
  redis.call('HSET', key, 'until', older(redis.call('HGET', key, 'until') or 0), 'queue', queue)
end
redis.call('HSET', KEYS[1], 'since', older(redis.call('HGET', KEYS[1], 'since')))`
