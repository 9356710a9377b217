import { expect, it } from 'vitest'
import type { Target } from '../../src/domain/operation.js'
import { connectRedis } from '../../src/store/redis/connection.js'
import type { Script } from '../../src/store/redis/link.js'
import { NO_HANG_MS } from '../support/budget.js'
import { afterwards } from '../support/cleanup.js'
import { startRedis } from '../support/redis.js'
import { connectionContract } from './redis-connection-contract.js'
import { begin, commit, draftOf, set } from './support/harness.js'
import { redisUnderTest } from './support/redis-under-test.js'

connectionContract(connectRedis)

it('sends a script once as text and then as its digest, also after the server has forgotten it', async () => {
  const server = await startRedis()
  const { store, client } = await redisUnderTest(server)
  await begin({ store, newEpoch: () => 'r1' })
  await client.config('RESETSTAT')
  for (let n = 0; n < 5; n++) await store.hello()
  expect(await client.info('commandstats')).not.toContain('cmdstat_eval:')
  await client.script('FLUSH')
  expect(await store.hello()).toMatchObject({ epoch: 'r1' })
})

it('carries calls of a script that the server has not got out in their order', async () => {
  const server = await startRedis()
  const connection = await connectRedis({ endpoint: { socket: server.socketPath }, budgetMs: NO_HANG_MS })
  afterwards(() => connection.close())
  const script: Script = { text: "return redis.call('RPUSH', KEYS[1], ARGV[1])", keyCount: 1 }
  const push = (name: string): Promise<number> => connection.evaluate<number>(script, ['list', name])
  const first = push('first')
  const told = connection.call((client) => client.call('PING')) // behind the answer that the server has not got it
  const held = connection.call((client) => client.call('BLPOP', 'gate', '0')) // and before what is sent now
  const second = push('second')
  await told
  await new Promise(setImmediate)
  const third = push('third')
  const client = await server.client()
  await client.rpush('gate', 'open')
  await Promise.all([held, first, second, third])
  expect(await client.lrange('list', 0, -1)).toEqual(['first', 'second', 'third'])
})

it('records that are asked for together are read by one call for twenty-five', async () => {
  const server = await startRedis()
  const { store, client } = await redisUnderTest(server)
  await begin({ store, newEpoch: () => 'r1' })
  const targets = Array.from({ length: 30 }, (_, n): Target => `agent:a${n}`)
  for (const [n, target] of targets.slice(0, 3).entries()) await commit(store, { ...draftOf([set('/n', String(n))]), target })
  await client.config('RESETSTAT')
  const found = await Promise.all(targets.map((target) => store.read(target)))
  const calls = [...(await client.info('commandstats')).matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0)
  expect(calls).toBe(2)
  expect(found.map(({ entry }) => entry?.tree.get('n'))).toEqual(targets.map((_, n) => (n < 3 ? String(n) : undefined)))
})
