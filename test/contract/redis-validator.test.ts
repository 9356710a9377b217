/** What tells that nothing was written to a server: it may change for no reason, and must change for each of these. */
import { beforeEach, expect, it, test } from 'vitest'
import { startRedis } from '../support/redis.js'
import { validatorOf, validatorQuestions } from '../../src/store/redis/validator.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { begin, commit, draftOf, set } from './support/harness.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis({ aof: true })
const client = await server.client()
const inOther = await server.client({ db: 1 })

async function validatorIn(namespace: string, db = 0): Promise<string | null> {
  const { connectRedis } = await import('../../src/store/redis/connection.js')
  const connection = await connectRedis({ endpoint: { socket: server.socketPath, db } })
  const told = await new RedisStore(connection, { namespace }).validator()
  await connection.close()
  return told
}

const validator = (): Promise<string | null> => validatorIn('memory')

/** A lineage in both databases of these tests, as far as a validator looks at it. */
async function lineage(epoch = 'first'): Promise<void> {
  for (const each of [client, inOther]) await each.hset('memory:sync', 'epoch', epoch)
}

beforeEach(() => lineage())

it('is the same as long as there are readers alone, and for a connection that has asked before', async () => {
  const before = await validator()
  expect(before).toMatch(/\S/)
  await client.hgetall('memory:agents:mary')
  await client.get('nothing')
  expect(await validator()).toBe(before)
  const made = await redisUnderTest(server)
  await begin(made)
  const greeted = await validatorIn(made.namespace)
  await made.store.hello()
  expect(await made.store.validator()).toBe(greeted)
  expect(greeted).not.toBeNull()
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
  ['FLUSHDB', async () => client.flushdb().then(() => lineage('second'))],
  ['FLUSHALL', async () => client.flushall().then(() => lineage('second'))],
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

it('is another one where everything was deleted, which saves a snapshot, and as much written again', async () => {
  const saving = await startRedis({ args: ['--save', '3600 1000'] })
  const made = await redisUnderTest(saving)
  const told = new Set<string | null>()
  for (let n = 0; n < 5; n++) {
    // Some of them within one second: then nothing that the server counts tells them apart.
    await made.client.flushall()
    await begin(made)
    told.add(await made.store.validator())
  }
  expect(told.size).toBe(5)
  expect(told).not.toContain(null)
})

it('is another one where a snapshot was read again, and as much written', async () => {
  const debugged = await startRedis({ args: ['--enable-debug-command', 'yes'] })
  const made = await redisUnderTest(debugged)
  await begin(made)
  await made.client.save()
  const before = await made.store.validator()
  await commit(made.store, draftOf([set('/n', '1')]))
  const after = await made.store.validator()
  await made.client.call('DEBUG', 'RELOAD', 'NOSAVE')
  const again = await made.store.validator()
  expect([before, after]).not.toContain(null)
  expect(again).not.toBe(after)
})

it('is not told where no lineage was begun, or by a server that does not say whose data it has', async () => {
  expect(await validatorIn('nobodys')).toBeNull()
  await client.set('taken:sync', 'by another program')
  expect(await validatorIn('taken')).toBeNull()
})

it('is not told while a snapshot is being saved, which sets the count back', async () => {
  const slow = await startRedis({ args: ['--rdb-key-save-delay', '10000000'] })
  const other = await slow.client()
  await other.hset('memory:sync', 'epoch', 'first')
  const { connectRedis } = await import('../../src/store/redis/connection.js')
  const connection = await connectRedis({ endpoint: { socket: slow.socketPath } })
  const store = new RedisStore(connection)
  expect(await store.validator()).not.toBeNull()
  await other.bgsave()
  expect(await store.validator()).toBeNull()
  await connection.close()
})

it('is not told by a replica', async () => {
  const made = await redisUnderTest(await startRedis())
  await begin(made)
  expect(await made.store.validator()).not.toBeNull()
  await made.client.replicaof('127.0.0.1', 1)
  expect(await made.store.validator()).toBeNull()
})

it('is not told to a user who may not see whose data it is, whether it was asked with the greeting or later', async () => {
  const { connectBriefly } = await import('../../src/store/redis/connection.js')
  await client.hset('hidden:sync', 'epoch', 'first')
  await client.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~memory:*', '+@all')
  const endpoint = { socket: server.socketPath, username: 'limited', password: 'secret' }
  for (const [namespace, isTold] of [['hidden', false], ['memory', true]] as const) {
    const connection = await connectBriefly({ endpoint }, validatorQuestions(namespace))
    for (let n = 0; n < 2; n++) expect((await validatorOf(connection, namespace)) !== null).toBe(isTold)
    await connection.close()
  }
})

it('is another one in another namespace, and in another database', async () => {
  await client.hset('other:sync', 'epoch', 'first')
  expect(new Set([await validatorIn('memory'), await validatorIn('other'), await validatorIn('memory', 1)]).size).toBe(3)
})
