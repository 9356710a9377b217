import { expect, test } from 'vitest'
import { REDIS_ALONE, REDIS_AND_HUB, soon, World } from '../support/world.js'

const keysOf = async (world: World, pattern: string): Promise<number> => {
  const client = await world.redis.client()
  const found = await client.keys(pattern)
  client.disconnect()
  return found.length
}

test('redis-status says what is so, and no password', async () => {
  const world = await World.make(REDIS_ALONE, { password: 's3cret' })
  const { code, stdout, stderr } = await world.run('redis-status')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Connection: +connected$/m)
  expect(stdout).toMatch(/^Enabled: +yes$/m)
  expect(stdout).toMatch(/^Helper Available: +yes/m)
  expect(stdout).toMatch(/^URL: +\w+:\/\/\S+$/m)
  expect(stdout).toMatch(/^✅ Redis connected$/m)
  await world.redis.kill()
  const away = await world.run('redis-status')
  expect(away.code).toBe(1)
  expect(away.stdout).toMatch(/^Connection: +not connected/m)
  expect(away.stdout).toMatch(/^❌ /m)
  expect(stdout + away.stdout + away.stderr).not.toContain('s3cret')
})

test.each([REDIS_AND_HUB, REDIS_ALONE])('redis-sync counts what Redis has, and nothing while Redis is away: $name', async (setUp) => {
  const world = await World.make(setUp)
  for (const agent of ['mary', 'rnd', 'gone']) await world.ok('update', agent, 'active')
  await world.ok('remove', 'gone')
  // 69: nobody decided in time, on a machine that is too busy
  for (const id of ['A', 'B', 'C']) await soon(async () => [0, 20].includes((await world.run('task', 'add', id)).code ?? -1))
  expect(await world.json('redis-sync')).toMatchObject({ ok: true, agents: 2, items: 3, equal: true })
  await world.redis.kill()
  const away = await world.run('redis-sync')
  expect([away.code, away.stdout]).toEqual([69, ''])
  await world.redis.restart({ wipe: true })
  expect(await world.ok('redis-sync')).toMatch(/2 agents, 3 work items, all read back/)
  expect([await keysOf(world, 'memory:agents:*'), await keysOf(world, 'memory:tasks:*')]).toEqual([2, 3])
})

test('redis-sync waits for a hub that compares a large context', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const agents = Array.from({ length: 12 }, (_, n) => `agent-${n}`)
  for (const agent of agents) {
    const written = await world.runWith({ input: JSON.stringify({ notes: 'x'.repeat(1_000_000) }) }, 'set', agent, '--patch', '-')
    expect(written).toMatchObject({ code: 0 })
  }
  await world.showsInFile({ agents: { 'agent-11': {} } })
  expect(await world.json('redis-sync')).toMatchObject({ ok: true, agents: 12, equal: true })
}, 120_000)

test('redis-merge-status shows who merges, an older program too, and 69 where nobody knows', async () => {
  const world = await World.make(REDIS_AND_HUB)
  expect(await world.ok('redis-merge-status')).toMatch(/^merge: free$/m)
  const client = await world.redis.client()
  await client.set('prp:merge:lock', 'P0-012:feat/x', 'EX', 3600, 'NX')
  expect(await world.ok('redis-merge-status')).toMatch(/^merge: an older program has it$[\s\S]*prp:merge:lock: P0-012:feat\/x/m)
  expect(await world.json('merge', 'status')).toMatchObject({ held: true, legacy: { key: 'prp:merge:lock' } })
  expect((await world.run('lock', 'acquire', 'merge')).code).toBe(10)
  await client.del('prp:merge:lock')
  client.disconnect()
  await world.ok('lock', 'acquire', 'merge', '--agent', 'mary', '--reason', 'P0-013')
  expect(await world.json('redis-merge-status')).toMatchObject({ held: true, holder: 'mary', reason: 'P0-013' })
  await world.redis.kill()
  const away = await world.run('redis-merge-status')
  expect([away.code, away.stdout]).toEqual([69, ''])
})
