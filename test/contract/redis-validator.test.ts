/** What tells that nothing was written to a server: it may change for no reason, and must change for each of these. */
import { expect, it, test } from 'vitest'
import { startRedis } from '../support/redis.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { begin, commit, draftOf, set } from './support/harness.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis({ aof: true })
const client = await server.client()

async function validatorIn(namespace: string, db = 0): Promise<string | null> {
  const { connectRedis } = await import('../../src/store/redis/connection.js')
  const connection = await connectRedis({ endpoint: { socket: server.socketPath, db } })
  const told = await new RedisStore(connection, { namespace }).validator()
  await connection.close()
  return told
}

const validator = (): Promise<string | null> => validatorIn('memory')

it('is the same as long as there are readers alone, and for a connection that has asked before', async () => {
  const before = await validator()
  expect(before).toMatch(/\S/)
  await client.hgetall('memory:agents:mary')
  await client.get('nothing')
  expect(await validator()).toBe(before)
  const { store, namespace } = await redisUnderTest(server)
  const greeted = await validatorIn(namespace)
  await store.hello()
  expect(await store.validator()).toBe(greeted)
})

it('is another one after a commit, and after a read only as long as that was the last', async () => {
  const made = await redisUnderTest(server)
  await begin(made)
  const told = new Set<string | null>()
  for (let n = 0; n < 3; n++) {
    await commit(made.store, draftOf([set('/n', String(n))]))
    told.add(await made.store.validator())
  }
  expect(told.size).toBe(3)
  expect(told).not.toContain(null)
})

test.each<[string, () => Promise<unknown>]>([
  ['HSET, with the value that is there', () => client.hset('memory:agents:mary', 'status', 'active')],
  ['HDEL', () => client.hdel('memory:agents:mary', 'status')],
  ['DEL', async () => client.hset('gone', 'a', '1').then(() => client.del('gone'))],
  ['RENAME', async () => client.set('a', '1').then(() => client.rename('a', 'b'))],
  ['a script', () => client.eval("return redis.call('HSET', KEYS[1], 'a', '1')", 1, 'memory:agents:mary')],
  ['a transaction', () => client.multi().hset('memory:agents:mary', 'a', '1').exec()],
  ['RESTORE', async () => client.restore('memory:agents:mary', 0, (await client.dumpBuffer('b')), 'REPLACE')],
  ['SWAPDB', () => client.swapdb(0, 1)],
  ['FLUSHDB', async () => client.set('a', '1').then(() => client.flushdb())],
  ['FLUSHALL', () => client.flushall()],
  ['a restart', () => server.restart()],
])('is another one after %s', async (_, happens) => {
  const before = await validator()
  await happens()
  const after = await validator()
  expect(after).not.toBeNull()
  expect(after).not.toBe(before)
})

it('is another one after as many writes as there were before a snapshot', async () => {
  await client.save()
  for (let n = 0; n < 3; n++) await client.set('n', String(n))
  const before = await validator()
  await client.save()
  for (let n = 0; n < 3; n++) await client.set('n', String(n))
  expect(await validator()).not.toBe(before)
})

it('is another one after everything was deleted, which saves a snapshot', async () => {
  const saving = await startRedis({ args: ['--save', '3600 1000'] })
  const made = await redisUnderTest(saving)
  await made.client.set('a', '1')
  const before = await made.store.validator()
  await made.client.flushall()
  expect(await made.store.validator()).not.toBe(before)
})

it('is not told while a snapshot is being saved, which sets the count back', async () => {
  const slow = await startRedis({ args: ['--rdb-key-save-delay', '10000000'] })
  const other = await slow.client()
  await other.set('a', '1')
  const { connectRedis } = await import('../../src/store/redis/connection.js')
  const connection = await connectRedis({ endpoint: { socket: slow.socketPath } })
  const store = new RedisStore(connection)
  expect(await store.validator()).not.toBeNull()
  await other.bgsave()
  expect(await store.validator()).toBeNull()
  await connection.close()
})

it('is not told by a replica', async () => {
  const other = await startRedis({ args: ['--replicaof', '127.0.0.1', '1'] })
  const made = await redisUnderTest(other)
  expect(await made.store.validator()).toBeNull()
})

it('is another one in another namespace, and in another database', async () => {
  expect(new Set([await validatorIn('memory'), await validatorIn('other'), await validatorIn('memory', 1)]).size).toBe(3)
})
