/** A user of Redis who may not do everything, on a socket: what he is allowed is all that he needs, or what he lacks costs no more than it has to. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { NEEDED_RIGHTS } from '../../src/store/redis/failures.js'
import { startRedis } from '../support/redis.js'
import { type JsonObject, soon, World } from '../support/world.js'

const SETTINGS = fileURLToPath(new URL('../../docs/settings.md', import.meta.url))

async function worldOf(rights: string): Promise<World> {
  const server = await startRedis({ aof: true })
  const admin = await server.client()
  await admin.call('ACL', 'SETUSER', 'app', 'on', '>open sesame', 'resetchannels', ...rights.split(' '))
  return World.around(server, { redis: `unix://app:open%20sesame@${server.socketPath}` })
}

/** Everything at once, and what came of it. */
async function useAll(world: World): Promise<void> {
  await world.ok('set', 'mary', 'n=1')
  await world.startHub()
  await world.ok('set', 'mary', 'n+=1', '--idempotency-key', 'key')
  await world.ok('record', 'rnd', 'P-9', 'completed')
  await world.ok('task', 'add', 'T1', '--title', 'x')
  await world.ok('task', 'claim', 'T1', '--agent', 'mary')
  for (const name of ['deploy', 'merge']) {
    const { token } = await world.json<{ token: string }>('lock', 'acquire', name, '--ttl', '60')
    const waiting = world.start('lock', 'acquire', name, '--wait', '30')
    await soon(async () => (await world.json<{ waiting: unknown[] }>('lock', 'status', name)).waiting.length === 1, 'one who waits')
    await world.ok('lock', 'release', name, '--token', token)
    expect(await waiting.ended()).toMatchObject({ code: 0 })
    const lines = (await world.ok('lock', 'history', name)).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as JsonObject)['action'])).toEqual(['granted', 'released', 'granted'])
  }
  await world.ok('sync')
}

test('the documented line for ACL SETUSER allows all that is asked of Redis, and nothing is refused', async () => {
  expect(await readFile(SETTINGS, 'utf8')).toContain(`ACL SETUSER NAME on >PASSWORD ${NEEDED_RIGHTS}\n`)
  const world = await worldOf(NEEDED_RIGHTS)
  const admin = await world.redis.client()
  await useAll(world)
  const watch = world.start('watch', '--json')
  await soon(async () => (await world.json<JsonObject>('status'))['redis'] === 'online')
  await world.ok('publish', '{"event":"told"}')
  await admin.hset('memory:agents:legacy', 'status', 'busy')
  await world.showsInFile({ agents: { legacy: { status: 'busy' } } })
  await soon(() => watch.stdout().includes('legacy'))
  await admin.flushall() // then everything is brought back: the records, the ids, the lease
  await soon(async () => (await admin.hget('memory:agents:mary', 'context')) === '{"n":2}')
  expect(await world.json('lock', 'status', 'deploy')).toMatchObject({ held: true })
  await world.ok('set', 'mary', 'n=9', '--by', 'x')
  expect((await world.run('health')).stdout).toContain('Redis tells of changes at once')
  const refused = (await admin.call('ACL', 'LOG')) as string[][]
  const objects = refused.map((entry) => entry[entry.indexOf('object') + 1])
  expect(objects.filter((object) => object !== 'config|get')).toEqual([]) // what only health asks, and need not know
})

test.each(['~memory:* ~prp:merge:lock +@all', '~* &* +@all -publish'])('a user who may tell nobody of a change (%s) writes, and is granted each lease once', async (rights) => {
  const world = await worldOf(rights)
  await world.ok('set', 'gg', 'n=1')
  expect(await world.json('set', 'gg', 'n+=1')).toMatchObject({ durability: 'redis', pending: 0 })
  await useAll(world)
  expect(await world.json('set', 'gg', 'n+=1')).toMatchObject({ durability: 'redis', pending: 0 })
  await world.showsInFile({ agents: { gg: { context: { n: 3 } }, mary: { context: { n: 2 } } } })
  const { stdout } = await world.run('health', '--json')
  expect(stdout).toContain(JSON.stringify(NEEDED_RIGHTS).slice(1, -1))
})

test('the history of this root is shown where the user may run no scripts any more', async () => {
  const world = await worldOf('~* &* +@all')
  for (const n of [1, 2]) await world.ok('set', 'mary', `n=${n}`)
  const before = await world.ok('log')
  await (await world.redis.client()).call('ACL', 'SETUSER', 'app', '-evalsha', '-eval')
  expect(await world.ok('log')).toBe(before)
})
