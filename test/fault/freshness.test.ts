/**
 * A read without a hub prints context.json where nothing has happened since that was found to show everything. Whatever happens, it shows
 * what one shows that has to look at everything.
 */
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Context, REDIS_ALONE, World } from '../support/world.js'

const NOWHERE = 'unix:///nowhere/redis.sock'

const noteOf = (world: World): string => path.join(world.root, 'shared_memory/.memory_sync/fresh')

const get = (world: World): Promise<string> => world.ok('get')

/** As somebody reads who has no note. */
async function getAnew(world: World): Promise<string> {
  await rm(noteOf(world), { force: true })
  return get(world)
}

const agentsIn = (text: string): Context['agents'] => (JSON.parse(text) as Context).agents

/** How many scripts Redis has run. */
async function scripts(world: World): Promise<number> {
  const client = await world.redis.client()
  const stats = await client.info('commandstats')
  client.disconnect()
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

async function started(): Promise<World> {
  const world = await World.make(REDIS_ALONE)
  await world.ok('set', 'mary', 'task=T1')
  await world.ok('set', 'bob', 'task=T2')
  return world
}

test('after a write by a command, a read asks Redis for nothing but what it counts', async () => {
  const world = await started()
  const before = await scripts(world)
  expect(agentsIn(await get(world))).toMatchObject({ mary: { context: { task: 'T1' } }, bob: { context: { task: 'T2' } } })
  expect(await world.ok('get', '--agent=bob', 'context.task')).toBe('"T2"\n')
  expect(await world.json('get', 'agents.mary.context', '--with-meta')).toMatchObject({ context: { task: 'T1' }, source: 'redis', durability: 'redis', pending: 0 })
  expect(await scripts(world)).toBe(before)
})

test('after a write of somebody else, the first read looks at everything, and the next one need not', async () => {
  const world = await started()
  const client = await world.redis.client()
  await client.set('of somebody else', '1')
  const text = await get(world)
  const before = await scripts(world)
  expect(await get(world)).toBe(text)
  expect(await scripts(world)).toBe(before)
})

type Happening = (world: World) => Promise<unknown>

const inRedis =
  (happens: (client: Awaited<ReturnType<World['redis']['client']>>) => Promise<unknown>): Happening =>
  async (world) => {
    const client = await world.redis.client()
    await happens(client)
    client.disconnect()
  }

/** In place, as long as it was, and with the time that it had: no JSON any more. */
const unseen: Happening = async (world) => {
  const { atime, mtime } = await stat(world.file)
  await writeFile(world.file, (await world.text()).replace('{', ' '))
  await utimes(world.file, atime, mtime)
}

/** As it was before two writes, by programs that copy keys back; the process is the same. */
const setBack: Happening = async (world) => {
  const client = await world.redis.client()
  const kept = await Promise.all((await client.keys('*')).map(async (key) => ({ key, dump: (await client.dumpBuffer(key)) })))
  await world.ok('set', 'mary', 'task=T9')
  for (const { key, dump } of kept) await client.restore(key, 0, dump, 'REPLACE')
  client.disconnect()
}

const HAPPENINGS: [string, Happening, object][] = [
  ['a legacy program sets a field', inRedis((client) => client.hset('memory:agents:mary', 'status', 'busy')), { mary: { status: 'busy' } }],
  ['a legacy program makes a record', inRedis((client) => client.hset('memory:agents:carol', 'status', 'busy')), { carol: { status: 'busy' } }],
  ['another root writes', async (world) => (await World.around(world.redis)).ok('set', 'mary', 'task=T9'), { mary: { context: { task: 'T9' } } }],
  ['a write finds no Redis', (world) => world.runWith({ redis: NOWHERE }, 'set', 'mary', 'task=T9'), { mary: { context: { task: 'T9' } } }],
  ['somebody edits the file', async (world) => writeFile(world.file, (await world.text()).replace('"T1"', '"T10"')), { mary: { context: { task: 'T10' } } }],
  ['somebody edits the file, and neither its time nor its length changes', unseen, { mary: { context: { task: 'T1' } } }],
  ['the file is gone', (world) => rm(world.file), { mary: { context: { task: 'T1' } } }],
  ['Redis is emptied', inRedis((client) => client.flushall()), { mary: { context: { task: 'T1' } } }],
  ['Redis is started again', (world) => world.redis.restart(), { mary: { context: { task: 'T1' } } }],
  ['Redis is started again without its data', (world) => world.redis.restart({ wipe: true }), { mary: { context: { task: 'T1' } } }],
  ['Redis is set back', setBack, { mary: { context: { task: 'T9' } } }],
  ['a record is deleted past us', inRedis((client) => client.del('memory:agents:mary')), { mary: { context: { task: 'T1' } } }],
  ['a record is deleted', (world) => world.ok('remove', 'mary'), {}],
  ['the saved state is gone', (world) => rm(path.join(world.root, 'shared_memory/.memory_sync/state.json')), { mary: { context: { task: 'T1' } } }],
]

test.each(HAPPENINGS)('%s', async (_, happens, shown) => {
  const world = await started()
  await get(world)
  await happens(world)
  const note = await readFile(noteOf(world))
  const text = await get(world)
  expect(agentsIn(text)).toMatchObject(shown)
  // What the first of the two may have brought together, the second one need not.
  expect(agentsIn(await getAnew(world))).toEqual(agentsIn(text))
  await writeFile(noteOf(world), note)
  expect(agentsIn(await get(world))).toEqual(agentsIn(text))
})

test('a torn note, and one in whose place something else stands, is none', async () => {
  const world = await started()
  const text = await get(world)
  const note = await readFile(noteOf(world), 'utf8')
  for (const torn of ['', note.slice(0, 40), note.slice(0, -20), `${note}x`, 'null\n', '{}\n', '{"store":1}\n', `{"store":"","tail":{},"file":{},"saved":null}\n${text}`]) {
    await writeFile(noteOf(world), torn)
    expect(await get(world)).toBe(text)
  }
  await rm(noteOf(world))
  await world.ok('get')
  await rm(noteOf(world))
  await mkdir(noteOf(world))
  expect(await get(world)).toBe(text)
  await world.ok('set', 'mary', 'task=T5')
  expect(agentsIn(await get(world))).toMatchObject({ mary: { context: { task: 'T5' } } })
})

test('a program that lives on is told of what happened after it had connected', async () => {
  const world = await started()
  const memory = await world.memory()
  const taskOf = async (): Promise<unknown> => agentsIn((await memory.readText())!)['mary']?.context?.['task']
  expect(await taskOf()).toBe('T1')
  await world.ok('set', 'mary', 'task=T2')
  expect(await taskOf()).toBe('T2')
  const client = await world.redis.client()
  await client.hset('memory:agents:mary', 'context', '{"task":"T3"}')
  expect(await taskOf()).toBe('T3')
})
