/** A Redis that goes on as the same process, with older data. Nothing tells of it but the data; what was acknowledged is brought back. */
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { type AgentRecord, soon, World } from '../support/world.js'

type Client = Awaited<ReturnType<RedisServer['client']>>

const follows = async (client: Client, primary: RedisServer): Promise<void> => {
  await client.call('REPLICAOF', '127.0.0.1', String(primary.port))
  await soon(async () => (await client.info('replication')).includes('master_link_status:up'), 'the copy')
}

/** A Redis, and a root that has told it this. */
async function redisWith(...calls: readonly (readonly string[])[]): Promise<{ server: RedisServer; client: Client; world: World }> {
  const server = await startRedis()
  const world = await World.around(server)
  for (const call of calls) await world.ok(...call)
  return { server, client: await server.client(), world }
}

/** Values, a sum, and a list that is merged by id. */
const OF_ALL_KINDS = [['set', 'mary', 'x=1', 'z.p=2'], ['set', 'mary', 'n+=3'], ['record', 'mary', 'T-1', 'done']]

const recordOfMary = async (world: World): Promise<AgentRecord> => JSON.parse(await world.ok('get', 'agents.mary')) as AgentRecord

const keysOf = (client: Client): Promise<string[]> => client.keys('*')

/** What sets the data of a server back to what it was when `copy` was made. */
const WAYS: { name: string; shows: 'to every write' | 'when it is asked'; copy: (server: RedisServer, client: Client) => Promise<() => Promise<unknown>> }[] = [
  {
    name: 'it was a replica of an older copy for a while',
    shows: 'to every write',
    copy: async (server, client) => {
      const other = await startRedis({ tcp: true, args: ['--repl-diskless-sync-delay', '0'] })
      const otherClient = await other.client()
      await follows(otherClient, server)
      await otherClient.call('REPLICAOF', 'NO', 'ONE')
      return async () => {
        await follows(client, other)
        await client.call('REPLICAOF', 'NO', 'ONE')
      }
    },
  },
  {
    name: 'somebody put its keys back from a backup',
    shows: 'when it is asked', // and nobody has gone on counting before
    copy: async (_, client) => {
      const texts = await Promise.all((await keysOf(client)).map(async (key) => [key, await client.dumpBuffer(key)] as const))
      return async () => {
        const all = client.multi().flushall()
        for (const [key, text] of texts) all.restore(key, 0, text)
        await all.exec()
      }
    },
  },
]

describe.each(WAYS)('the data of Redis was set back: $name', ({ shows, copy }) => {
  test.each([true, false])('what was acknowledged since comes back, and no fence is given twice (hub: %s)', async (hasHub) => {
    const server = await startRedis({ tcp: true, args: ['--repl-diskless-sync-delay', '0'] })
    const client = await server.client()
    const world = await World.around(server)
    const other = await World.around(server)
    if (hasHub) await world.startHub()
    await world.ok('set', 'mary', 'x=1')
    await world.ok('set', 'ghost', 'x=1')
    await other.ok('set', 'rnd', 'z=1')
    const setBack = await copy(server, client)
    const { fence } = await world.json<{ fence: number }>('lock', 'acquire', 'deploy', '--ttl', '300')
    for (const command of ['set mary x=2', 'set rnd z=2', 'set new y=1', 'remove ghost']) await world.ok(...command.split(' '))

    await setBack()
    if (shows === 'when it is asked') await world.ok('sync')
    await world.ok('set', 'kim', 'a=1')
    await soon(async () => {
      const { agents } = JSON.parse(await other.ok('get')) as { agents: Record<string, AgentRecord> }
      const contexts = Object.fromEntries(Object.entries(agents).map(([name, { context }]) => [name, context]))
      expect(contexts).toEqual({ mary: { x: 2 }, rnd: { z: 2 }, new: { y: 1 }, kim: { a: 1 } })
      return true
    }, 'all that was acknowledged')
    const again = await other.run('lock', 'acquire', 'deploy', '--ttl', '300', '--json')
    if (hasHub) expect(again).toMatchObject({ code: 10, stdout: expect.stringContaining(String(fence)) })
    // Without a hub nobody keeps a copy of the lease: whoever had it is refused from then on.
    else expect((JSON.parse(again.stdout) as { fence: number }).fence).toBeGreaterThan(fence)
    if (hasHub) await world.ok('health')
  })
})

test.each([['health'], ['get', '--agent', 'mary', '/context/x']])('keys that were put back from a backup show to "%s", too, without a hub: what was acknowledged since is brought back', async (...command) => {
  const { server, client, world } = await redisWith()
  await world.ok('set', 'mary', 'x=1')
  const setBack = await WAYS[1]!.copy(server, client)
  await world.ok('set', 'mary', 'x=2')
  await setBack()
  await world.run(...command)
  expect(await client.hget('memory:agents:mary', 'context')).toBe('{"x":2}')
})

test('where nobody can join what Redis has by now, a reader is shown what this root has, and told that it is that', async () => {
  const server = await startRedis()
  const client = await server.client()
  const [world, other] = [await World.around(server), await World.around(server)]
  const hub = await world.startHub()
  await world.ok('set', 'mary', 'x=1')
  hub.signal('SIGSTOP') // it has the place of the keeper
  await client.flushall()
  await other.ok('set', 'rnd', 'z=1')
  const shown = await world.json<Record<string, unknown>>('get', '--with-meta')
  expect(shown).toMatchObject({ source: 'file', durability: 'file', context: { agents: { mary: { context: { x: 1 } } } } })
  expect((await world.run('status')).stdout).toMatch(/it has lost data, or is another one/)

  hub.signal('SIGCONT')
  await soon(async () => {
    expect(await world.json<Record<string, unknown>>('get', '--with-meta')).toMatchObject({ durability: 'redis', context: { agents: { mary: {}, rnd: {} } } })
    return true
  }, 'both')
})

test('a legacy program that writes into an emptied Redis before anybody else takes nothing away', async () => {
  const { client, world } = await redisWith()
  await world.ok('set', 'mary', 'x=1', 'z.p=2')
  for (const context of ['{"w":1}', '{"v":1}']) {
    await client.multi().flushall().hset('memory:agents:mary', 'context', context).exec()
    await world.ok('sync')
  }
  expect(JSON.parse(await world.ok('get', 'agents.mary.context'))).toEqual({ x: 1, z: { p: 2 }, w: 1, v: 1 })
  expect(JSON.parse((await client.hget('memory:agents:mary', 'context')) ?? '')).toEqual({ x: 1, z: { p: 2 }, w: 1, v: 1 })
})

test('what was added on two machines counts once when Redis evicts the key with the roster', async () => {
  const server = await startRedis()
  const client = await server.client()
  const worlds = [await World.around(server), await World.around(server)]
  for (const world of worlds) {
    await world.ok('set', 'mary', 'n+=1')
    await world.ok('record', 'rnd', 'P-1', 'merged')
  }
  await client.del('memory:sync') // the first of them has not heard of what the other has added
  for (const world of [...worlds, ...worlds]) await world.ok('sync')
  const contexts = await Promise.all(worlds.map(async (world) => (JSON.parse(await world.ok('get', 'agents')) as Record<string, AgentRecord>)))
  for (const { mary, rnd } of contexts) expect([mary?.context, rnd?.context?.['totals']]).toEqual([{ n: 2 }, { count: 2, by_outcome: { merged: 2 } }])
})

test.each([
  'memory:sync memory:agents:mary',
  'memory:sync memory:seen',
  'memory:sync memory:seen memory:stamps:mary',
])('what was committed before the hub had heard of it is there once, though Redis loses %s', async (keys) => {
  const { client, world } = await redisWith()
  const hub = await world.startHub()
  await world.ok('set', 'mary', 'x=1', 'n+=1')
  await world.quiet()
  hub.signal('SIGSTOP')
  expect(await world.json('set', 'mary', 'y=2', 'n+=1')).toMatchObject({ durability: 'redis' })
  await world.ok('record', 'mary', 'T-1', 'done')
  await client.unlink(...keys.split(' '))
  hub.signal('SIGCONT')
  await world.ok('set', 'gg', 'after=1') // whatever the hub makes of the loss, it has begun to
  await soon(async () => expect((await world.agentsInRedis())['mary']).toBeDefined())
  const { agents } = await world.quiet()
  expect(agents['mary']).toMatchObject({ status: 'active', context: { x: 1, y: 2, n: 2, last_task: 'T-1', totals: { count: 1 } } })
})

test('a record of which nobody knows everything is put back when others have had their time for it, and not with the next look at all', async () => {
  const { client, world } = await redisWith()
  const hub = await world.startHub()
  await world.ok('set', 'mary', 'x=1')
  await world.quiet()
  hub.signal('SIGSTOP')
  await world.ok('set', 'mary', 'y=2')
  await client.unlink('memory:agents:mary', 'memory:events')
  hub.signal('SIGCONT')
  await eventually(async () => (await world.agentsInRedis())['mary']?.context?.['x'] === 1, { timeoutMs: 20_000, what: 'the record' })
})

test('a context that a legacy program replaced keeps what it knew nothing of, though Redis loses its marks before anybody looks', async () => {
  const { client, world } = await redisWith(...OF_ALL_KINDS)
  const { n, x, z, totals, records } = (await recordOfMary(world)).context as Record<string, unknown>
  await client.multi().hset('memory:agents:mary', 'context', '{"w":1}').del('memory:seen').exec()
  await world.ok('sync')
  expect((await recordOfMary(world)).context).toMatchObject({ n, x, z, totals, records, w: 1 })
  expect(JSON.parse((await client.hget('memory:agents:mary', 'context')) ?? '')).toMatchObject({ n, x, z, totals, records, w: 1 })
})

test.each(['memory:seen', 'memory:sync'])('a context that a program made unreadable comes back, though Redis loses %s before anybody looks', async (marks) => {
  const { client, world } = await redisWith(...OF_ALL_KINDS)
  const before = (await recordOfMary(world)).context
  await client.multi().hset('memory:agents:mary', 'context', 'no JSON').del(marks).exec()
  await world.ok('sync')
  expect((await recordOfMary(world)).context).toEqual(before)
  expect(JSON.parse((await client.hget('memory:agents:mary', 'context')) ?? '')).toEqual(before)
  expect(await world.ok('log', '--json')).toContain('no JSON')
})

test.each(['task.id=1', 'task.n+=3'])('a value that a legacy program put in the place of an object stays, though Redis loses its marks before anybody looks: %s', async (assignment) => {
  const { client, world } = await redisWith()
  await world.ok('set', 'mary', 'x=1', assignment)
  await client.multi().hset('memory:agents:mary', 'context', '{"x":1,"task":"X"}').del('memory:seen').exec()
  await world.ok('sync')
  expect((await recordOfMary(world)).context).toEqual({ x: 1, task: 'X' })
  expect(JSON.parse((await client.hget('memory:agents:mary', 'context')) ?? '')).toEqual({ x: 1, task: 'X' })
})

test('a text that a legacy program put in the place of a sum stays, and what is lost is told', async () => {
  const { client, world } = await redisWith()
  await world.ok('set', 'mary', 'n+=5', 'task.n+=3')
  await client.multi().flushall().hset('memory:agents:mary', 'context', '{"n":"unknown","task":"X"}').exec()
  await world.ok('sync')
  for (const path of ['/context/n', '/context/task/n']) expect(await world.ok('log', '--json')).toContain(JSON.stringify(path))
  await client.flushall()
  await world.ok('sync')
  expect((await recordOfMary(world)).context).toEqual({ n: 'unknown', task: 'X' })
})

test('what is added to a context that a legacy program has just replaced adds to what was there', async () => {
  const { client, world } = await redisWith()
  await world.ok('record', 'mary', 'T-1', 'done')
  await client.hset('memory:agents:mary', 'context', '{"w":1}')
  await world.ok('record', 'mary', 'T-2', 'done')
  await world.ok('sync')
  const told = ({ context }: AgentRecord): unknown[] => [context?.['totals'], (context?.['records'] as unknown[]).length]
  expect(told(await recordOfMary(world))).toEqual([{ count: 2, by_outcome: { done: 2 } }, 2])
  await world.ok('record', 'mary', 'T-3', 'done')
  await client.flushall()
  await world.ok('sync')
  expect(told(await recordOfMary(world))).toEqual([{ count: 3, by_outcome: { done: 3 } }, 3])
})

test('a sum that was taken out on purpose begins anew', async () => {
  const server = await startRedis()
  const world = await World.around(server)
  await world.ok('set', 'mary', 'n+=3')
  await world.ok('set', 'mary', 'n=null')
  await world.ok('set', 'mary', 'n+=1')
  expect((await recordOfMary(world)).context).toMatchObject({ n: 1 })
  await world.ok('set', 'mary', 'n=null')
  await world.ok('set', 'mary', 'n+=2', '--if-rev', String((await recordOfMary(world)).rev))
  expect((await recordOfMary(world)).context).toMatchObject({ n: 2 })
})

test('a call that a root has only heard of with what was brought back is known there as done, also when Redis is away', async () => {
  const call = ['record', 'mary', 'T-1', 'done', '{"tests":3}', '--idempotency-key', 'K', '--json']
  const { server, client, world } = await redisWith(call)
  const other = await World.around(server)
  await client.flushall()
  await other.ok('update', 'gg', 'active')
  for (const next of [world, other]) await next.ok('sync')
  await server.kill()
  const { code, stdout, stderr } = await other.run(...call)
  expect({ code, stderr }, stderr).toMatchObject({ code: 0 })
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, replayed: true })
  await server.restart()
  await other.ok('sync')
  expect(await recordOfMary(other)).toMatchObject({ context: { totals: { count: 1, by_outcome: { done: 1 } } } })
})
