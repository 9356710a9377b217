/** A value that is as deep as one may be, from a program that is not ours: what is kept beside it is read again, whoever has saved it. */
import { expect, test } from 'vitest'
import { FILES_AND_HUB, REDIS_AND_HUB, soon, World } from '../support/world.js'

const DEEPEST = 500
const deep = (levels: number): string => `${'{"in":'.repeat(levels)}1${'}'.repeat(levels)}`

async function restartHub(world: World): Promise<void> {
  world.hub!.signal('SIGTERM')
  await world.hub!.ended()
  await world.startHub()
}

/** Of the file in which it stands. */
async function takesAnEdit(world: World): Promise<void> {
  const edited = await world.context()
  edited.agents['mary']!.context!['task'] = 'T2'
  await world.write(edited)
  await soon(async () => (await world.ok('get', '--agent=mary')).includes('T2'), 'the edit of its neighbour')
}

const log = (world: World): string => world.hub!.stderr() + world.hub!.stdout()

test('with files only, one that an editor has put there as text, over restarts', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'task=T1')
  const context = await world.context()
  context.agents['carol'] = { status: 'active', context: deep(DEEPEST) as never }
  await world.write(context)
  await soon(async () => (await world.run('get', '--agent=carol')).code === 0, 'the edit')
  for (const n of [1, 2, 3]) {
    await world.ok('set', 'bob', `n=${n}`)
    await restartHub(world) // which folds the journal as it ends
    expect(log(world)).not.toContain('cannot be read')
  }
  expect(Object.keys((await world.context()).agents).sort()).toEqual(['bob', 'carol', 'mary'])
  await world.ok('set', 'carol', 'more=1')
  await takesAnEdit(world)
})

test('with Redis, one of a legacy program, over restarts, edits and comparisons', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await world.ok('set', 'mary', 'task=T1')
  const client = await world.redis.client()
  await client.hset('memory:agents:nester', { status: 'active', context: deep(DEEPEST) })
  client.disconnect()
  await world.ok('sync')
  await soon(async () => (await world.run('get', '--agent=nester')).code === 0, 'the record of the legacy program')
  for (const _ of [1, 2]) await restartHub(world)
  expect(log(world)).not.toMatch(/cannot be read|a bug in/)
  await world.ok('sync')
  await soon(async () => (await world.context()).agents['nester'] !== undefined, 'the file')
  await takesAnEdit(world)
})

test('one that is deeper is in nobody\'s way', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'task=T1')
  const context = await world.context()
  await world.write({ ...context, note: JSON.parse(deep(DEEPEST + 1)) as never })
  await soon(() => /nested deeper than 500 levels/.test(log(world)), 'what is told of it')
  await soon(async () => !('note' in (await world.context())), 'a file without it')
  expect(await world.context()).toMatchObject({ agents: { mary: { context: { task: 'T1' } } } })
})
