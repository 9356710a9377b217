/** The first write of a root: a context has its usual members from then on, whatever was written, and everybody is shown the same. */
import { mkdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { type Context, REDIS_ALONE, REDIS_AND_HUB, SET_UPS, World } from '../support/world.js'

const MEMBERS = ['version', 'last_update', 'agents', 'current_work', 'paths', 'token_usage', 'rev']

async function expectBegun(world: World, shown: object): Promise<void> {
  const file = await world.context()
  expect(file).toMatchObject(shown)
  expect(Object.keys(file)).toEqual(MEMBERS)
  expect(JSON.parse(await world.ok('get')) as Context).toEqual(file)
}

test.each(SET_UPS)('work, or a sum of tokens, is the first that is written: $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('set', 'token_usage', 'total+=5')
  await world.quiet()
  await expectBegun(world, { token_usage: { total: 5, saved: 0 }, current_work: {} })
  await world.ok('set', 'current_work', 'task=T1')
  await world.quiet()
  await expectBegun(world, { token_usage: { total: 5, saved: 0 }, current_work: { task: 'T1' } })
})

test.each(SET_UPS)('a lease was granted before anything was written: $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('lock', 'acquire', 'deploy')
  await world.ok('set', 'current_work', 'task=T1')
  await world.quiet()
  await expectBegun(world, { token_usage: { total: 0, saved: 0 }, current_work: { task: 'T1' } })
})

test.each([REDIS_ALONE, REDIS_AND_HUB])('Redis is away from the start: $name', async (setUp) => {
  const world = await World.make({ ...setUp, hub: false })
  await world.redis.kill()
  if (setUp.hub) await world.startHub()
  await world.ok('update', 'mary', 'active')
  await world.showsInFile({ agents: { mary: { status: 'active' } } })
  await expectBegun(world, { token_usage: { total: 0, saved: 0 } })
  await world.ok('set', 'token_usage', 'total+=5')
  await world.showsInFile({ token_usage: { total: 5 } })
  await expectBegun(world, { token_usage: { total: 5, saved: 0 } })
  await world.redis.restart({ wipe: true })
  await world.quiet()
  await expectBegun(world, { token_usage: { total: 5, saved: 0 } })
})

test('a context that came as a file keeps the members that it has', async () => {
  const world = await World.make(REDIS_ALONE, {
    before: async (root) => {
      await mkdir(`${root}/shared_memory`, { recursive: true })
      await writeFile(`${root}/shared_memory/context.json`, '{"agents":{"mary":{"status":"active"}},"note":"ours"}\n')
    },
  })
  await world.ok('set', 'current_work', 'task=T1')
  await world.quiet()
  expect(Object.keys(await world.context()).sort()).toEqual(['agents', 'current_work', 'last_update', 'note', 'rev'])
})
