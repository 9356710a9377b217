import { expect, test } from 'vitest'
import { redisConnection } from '../../../src/health/checks/redis-connection.js'
import { redisOfHub } from '../../../src/health/checks/redis-hub.js'
import type { Facts } from '../../../src/health/facts.js'

const HERE = { redis: 'online', redisUrl: 'unix:///r.sock', namespace: 'memory', redisReason: null, redisLatencyMs: 1 }

const facts = (own: object, hub: object = HERE): Facts => ({ own: { ...HERE, ...own }, hub: { is: 'running', status: hub } }) as unknown as Facts

test('a Redis that answers, and was set back, is not told to be started', () => {
  const found = facts({ redis: 'away', redisReason: 'it has lost data' })
  expect(redisConnection.look(found)).toMatchObject({ level: 'bad', text: expect.stringContaining('Redis answers') as string, wayOut: expect.stringContaining('memory_sync sync') as string })
  expect(redisOfHub.look(found).level).toBe('off')
})

test('one that does not answer is, and one of the hub that is another is told', () => {
  const away = facts({ redis: 'away', redisReason: 'nobody listens', redisLatencyMs: null })
  expect(redisConnection.look(away)).toMatchObject({ level: 'bad', wayOut: expect.stringContaining('start Redis') as string })
  expect(redisOfHub.look(facts({}, { ...HERE, redisUrl: 'unix:///other.sock' })).level).toBe('bad')
  expect(redisOfHub.look(facts({}, { ...HERE, redis: 'away' })).level).toBe('bad')
  expect(redisOfHub.look(facts({ redis: 'away', namespace: 'other' })).level, 'other names of keys, by which it is apart').toBe('bad')
})
