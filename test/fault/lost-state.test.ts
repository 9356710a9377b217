/** The folder in which a root keeps its state goes away, and the file and Redis stay. */
import { readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeTempFolder } from '../support/temp.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, REDIS_ALONE, SET_UPS, soon, World } from '../support/world.js'

interface Line extends JsonObject {
  event: string
  rev?: number
}

/** As somebody who tidies up does it. */
async function loseState(world: World): Promise<void> {
  await rename(path.join(world.root, 'shared_memory/.memory_sync'), path.join(await makeTempFolder(), 'state'))
}

async function killHub(world: World): Promise<void> {
  world.hub!.signal('SIGKILL')
  await world.hub!.ended()
}

describe.each([REDIS_ALONE, FILES_ALONE])('a root that lost its state, with $name', (setUp) => {
  test('gives no revision a second time, and a write that asks for an old one is refused', async () => {
    const world = await World.make(setUp)
    for (const n of [1, 2, 3]) await world.ok('set', 'mary', `n=${n}`)
    const before = (await world.context()).agents['mary']!.rev!
    await loseState(world)
    const after = await world.json('set', 'mary', 'n=4')
    expect(after['rev']).toBeGreaterThan(before)
    expect(await world.run('set', 'mary', 'n=5', '--if-rev', String(before))).toMatchObject({ code: 20 })
    expect((await world.quiet()).agents['mary']).toMatchObject({ rev: after['rev'], context: { n: 4 } })
  })

  test('tells a watcher nothing twice, and never that there is nothing', async () => {
    const world = await World.make(setUp)
    for (const n of [1, 2, 3]) await world.ok('set', 'mary', `n=${n}`)
    const watch = world.start('watch')
    await soon(() => /^watching from rev \d+$/m.test(watch.stderr()), 'a watch that is ready')
    await world.ok('set', 'mary', 'n=4')
    await soon(() => watch.lines().length > 0, 'the write before')
    await loseState(world)
    const lines = (): Line[] => watch.lines().map((line) => JSON.parse(line) as Line)
    for (const writer of setUp.redis ? [await World.around(world.redis), world] : [world]) {
      const { rev } = await writer.json('set', 'mary', 'n=5', `by=${writer.root}`)
      await soon(() => lines().some((line) => line.rev === rev), 'the write behind')
    }

    const snapshots = lines().filter(({ event }) => event === 'snapshot')
    for (const snapshot of snapshots) expect(snapshot['data']).toMatchObject({ agents: { mary: { context: {} } } })
    const revs = lines().flatMap((line) => line.rev ?? [])
    expect(revs).toEqual([...revs].sort((a, b) => a - b))
    const changes = lines().filter(({ event }) => event === 'agent_update')
    expect(new Set(changes.map((change) => change.rev)).size).toBe(changes.length)
  })
})

test('with files only, records of which neither saved state can be read are those of the file', async () => {
  const world = await World.make(FILES_AND_HUB)
  for (const agent of ['mary', 'rnd']) {
    await world.ok('set', agent, 'n=1')
    world.hub!.signal('SIGTERM') // a hub that ends saves the state, and keeps the one before
    await world.hub!.ended()
    await world.startHub()
  }
  world.hub!.signal('SIGTERM')
  await world.hub!.ended()
  for (const name of ['state.json', 'state.former.json']) {
    const file = path.join(world.root, 'shared_memory/.memory_sync', name)
    const text = await readFile(file, 'utf8')
    expect(text).toContain('"tree":"{')
    await writeFile(file, text.replace('"tree":"{', '"tree":"['))
  }
  await world.startHub()
  await world.ok('set', 'later', 'n=1')
  expect(Object.keys((await world.context()).agents).sort()).toEqual(['later', 'mary', 'rnd'])
  const aside = await readdir(path.join(world.root, 'shared_memory/.memory_sync/aside'))
  expect(aside.filter((name) => name.includes('state'))).toHaveLength(2)
})

test.each(SET_UPS)('no sum is set back, or counted twice, where the versions of the file are gone: $name', async (setUp) => {
  const world = await World.make(setUp)
  for (const edits of [['v=old', 'n+=1'], ['n+=1']]) await world.ok('set', 'mary', ...edits)
  await world.quiet()
  const folder = path.join(world.root, 'shared_memory/.memory_sync')
  if (setUp.hub) await killHub(world)
  for (const name of await readdir(folder)) if (name.startsWith('version.')) await rm(path.join(folder, name))
  await world.ok('set', 'mary', 'v=new', 'n+=1')
  if (setUp.hub) await world.startHub()
  await world.quiet()
  await world.showsInFile({ agents: { mary: { context: { v: 'new', n: 3 } } } })
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ v: 'new', n: 3 })
})

test.each([FILES_AND_HUB, FILES_ALONE])('no sum is counted twice where neither saved state can be read, $name', async (setUp) => {
  const world = await World.make(setUp)
  for (const _ of [1, 2, 3]) await world.ok('set', 'mary', 'n+=1')
  if (setUp.hub) await killHub(world)
  for (const name of ['state.json', 'state.former.json']) await writeFile(path.join(world.root, 'shared_memory/.memory_sync', name), '')
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ n: 3 })
  await world.ok('set', 'mary', 'n+=1')
  await world.ok('set', 'mary', 'n+=1')
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ n: 5 })
  expect((await world.context()).agents['mary']).toMatchObject({ context: { n: 5 } })
})

test('a file of somebody else takes no write of the journal\'s place where neither saved state can be read', async () => {
  const world = await World.make(FILES_ALONE)
  for (const agent of ['mary', 'bob']) await world.ok('set', agent, 'v=1')
  await writeFile(world.file, JSON.stringify({ agents: { zed: { status: 'active' } }, rev: 217_634_957_365 }))
  for (const name of ['state.json', 'state.former.json']) await writeFile(path.join(world.root, 'shared_memory/.memory_sync', name), '')
  await world.ok('set', 'ann', 'v=1')
  expect(Object.keys((await world.context()).agents).sort()).toEqual(['ann', 'bob', 'mary', 'zed'])
})

test('a sum that somebody has edited while nobody knew the versions of the file is told of, and a copy is kept', async () => {
  const world = await World.make(FILES_ALONE)
  await world.ok('set', 'mary', 'n+=1')
  const folder = path.join(world.root, 'shared_memory/.memory_sync')
  for (const name of await readdir(folder)) if (name.startsWith('version.')) await rm(path.join(folder, name))
  const edited = await world.context()
  edited.agents['mary']!.context!['n'] = 10
  await world.write(edited)
  await world.ok('set', 'rnd', 'v=1')
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ n: 1 })
  const [copy, ...others] = await readdir(path.join(folder, 'aside'))
  expect(others).toEqual([])
  expect(await readFile(path.join(folder, 'aside', copy!), 'utf8')).toContain('"n": 10')
})

test('with files only, a watcher of a root of which nothing is left is told so, and goes on', async () => {
  const world = await World.make(FILES_ALONE)
  for (const n of [1, 2, 3]) await world.ok('set', 'mary', `n=${n}`)
  const watch = world.start('watch')
  await soon(() => /^watching from rev \d+$/m.test(watch.stderr()), 'a watch that is ready')
  await rename(path.join(world.root, 'shared_memory'), path.join(await makeTempFolder(), 'all'))
  await world.ok('set', 'rnd', 'n=4')
  const lines = (): Line[] => watch.lines().map((line) => JSON.parse(line) as Line)
  await soon(() => lines().some(({ event }) => event === 'gap'), 'a gap')
  await world.ok('set', 'rnd', 'n=5')
  await soon(() => JSON.stringify(lines().at(-1)).includes('"n":5'), 'what comes behind it')
})

const ours = (world: World, name: string): string => path.join(world.root, 'shared_memory/.memory_sync', name)

async function breakStates(world: World): Promise<void> {
  for (const name of ['state.json', 'state.former.json']) await writeFile(ours(world, name), '{')
}

test.each([FILES_AND_HUB, FILES_ALONE])('what the file does not show, as items, stays where neither saved state can be read, $name', async (setUp) => {
  const world = await World.make(setUp)
  for (const _ of [1, 2, 3]) await world.ok('set', 'mary', 'n+=1')
  await world.ok('task', 'add', 'T1', '--title', 'one')
  await world.ok('task', 'add', 'T2', '--title', 'two')
  await world.ok('task', 'claim', 'T2', '--agent', 'mary')
  const before = await world.ok('task', 'list', '--json')
  if (setUp.hub) await killHub(world)
  await breakStates(world)
  expect(JSON.parse(await world.ok('task', 'list', '--json'))).toEqual(JSON.parse(before))
  await breakStates(world)
  await world.ok('set', 'other', 'z=1')
  expect(JSON.parse(await world.ok('task', 'list', '--json'))).toEqual(JSON.parse(before))
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ n: 3 })
  expect(await world.run('task', 'add', 'T1', '--title', 'another')).not.toMatchObject({ code: 0 })
  await world.ok('set', 'mary', 'n+=1')
  expect((await world.context()).agents).toMatchObject({ mary: { context: { n: 4 } }, other: { context: { z: 1 } } })
})

test('what a hub had no time to show in the file goes on where neither saved state can be read, and nothing is applied twice', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'n+=1', 'v=a')
  await world.ok('record', 'mary', 'T1', 'ok', '{}')
  await world.showsInFile({ agents: { mary: { context: { n: 1 } } } })
  await killHub(world)
  const shown = new Map<string, string>()
  for (const name of [world.file, ...(await readdir(ours(world, ''))).filter((each) => each.startsWith('version.')).map((each) => ours(world, each))]) {
    shown.set(name, await readFile(name, 'utf8'))
  }
  await world.startHub()
  const { rev } = await world.json('set', 'mary', 'n+=1')
  await world.ok('set', 'mary', 'w=b', '--if-rev', String(rev)) // of a conditional write there is the change alone
  await world.ok('record', 'mary', 'T2', 'ok', '{}')
  await world.ok('set', 'bob', 'n+=1')
  const expected = JSON.parse(await world.ok('get', '/agents/mary/context')) as JsonObject
  await killHub(world)
  for (const name of (await readdir(ours(world, ''))).filter((each) => each.startsWith('version.'))) await rm(ours(world, name))
  for (const [name, text] of shown) await writeFile(name, text)
  await breakStates(world)
  await world.startHub()
  await world.ok('set', 'other', 'z=1')
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual(expected)
  expect(JSON.parse(await world.ok('get', '/agents/bob/context'))).toEqual({ n: 1 })
})

test('a sum is not counted twice where neither saved state can be read, and somebody has edited the file', async () => {
  const world = await World.make(FILES_ALONE)
  await world.ok('set', 'mary', 'n+=1')
  for (const _ of [1, 2]) await world.ok('set', 'mary', 'n+=1', 'v=a')
  await breakStates(world)
  const edited = await world.context()
  edited.agents['mary']!.context!['v'] = 'hand'
  await world.write(edited)
  await utimes(world.file, Date.now() / 1000 - 5, Date.now() / 1000 - 5)
  await world.ok('set', 'other', 'z=1')
  expect(JSON.parse(await world.ok('get', '/agents/mary/context'))).toEqual({ n: 3, v: 'hand' })
})
