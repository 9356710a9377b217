import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { FILES_ALONE, type JsonObject, REDIS_AND_HUB, soon, World } from '../support/world.js'

const agentsOf = async (world: World): Promise<Record<string, JsonObject>> =>
  Object.fromEntries((await world.json<JsonObject[]>('agents')).map((row) => [row['agent'], row]))

test('an agent that says active and was seen 24 days ago is shown as stale, and its record stays', async () => {
  const seen = new Date(Date.now() - 24 * 24 * 3_600_000).toISOString()
  const world = await World.make(FILES_ALONE, {
    before: async (root) => {
      await mkdir(`${root}/shared_memory`, { recursive: true })
      const agents = { gc: { status: 'active', last_seen: seen, context: {} } }
      await writeFile(`${root}/shared_memory/context.json`, JSON.stringify({ version: '1.0', agents }))
    },
  })
  await world.ok('update', 'mary', 'active')
  const rows = await agentsOf(world)
  expect(rows['gc']).toMatchObject({ status: 'stale', stored_status: 'active', items: [] })
  expect(rows['mary']).toMatchObject({ status: 'active', stored_status: 'active' })
  expect((await world.context()).agents['gc']).toMatchObject({ status: 'active', last_seen: seen })
  expect(await world.ok('agents')).toMatch(/^gc +stale \(says active\)/m)
})

test('a status of any length leaves the table of the agents readable, and is whole with --json', async () => {
  const world = await World.make(FILES_ALONE)
  const status = 'x'.repeat(5_000)
  await world.ok('update', 'mary', status)
  await world.ok('update', 'rnd', 'active')
  const lines = (await world.ok('agents')).trimEnd().split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200)
  expect((await agentsOf(world))['mary']).toMatchObject({ stored_status: status })
})

test('a heartbeat shows where an agent is, and what it holds; when its process is gone it is offline', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const agent = world.start('watch')
  await world.ok('update', 'mary', 'busy')
  await world.ok('heartbeat', 'mary', '--pid', String(agent.pid), '--progress')
  await world.ok('lock', 'acquire', 'deploy', '--agent', 'mary')
  await world.ok('task', 'add', 'A')
  await world.ok('task', 'claim', 'A', '--agent', 'mary', '--while-pid', String(agent.pid))
  const host = hostname()
  expect((await agentsOf(world))['mary']).toMatchObject({ status: 'active', stored_status: 'busy', host, pid: agent.pid, leases: ['deploy'], items: ['A'] })
  agent.signal('SIGKILL')
  await agent.ended()
  expect((await agentsOf(world))['mary']).toMatchObject({ status: 'offline', stored_status: 'busy', leases: ['deploy'], items: [] })
  expect((await world.run('heartbeat', 'mary', '--pid', String(agent.pid))).code).toBe(2)
  expect((await world.context()).agents['mary']).toMatchObject({ status: 'busy' })
  await world.redis.kill()
  expect((await agentsOf(world))['mary']).toMatchObject({ status: 'offline', leases: null })
})

test('who holds a lease with lock run is shown with its process, and no more when that is gone', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const run = world.start('lock', 'run', 'deploy', '--agent', 'mary', '--', 'sh', '-c', 'echo "$$"; exec sleep 600')
  await soon(() => run.stdout() !== '', 'a command at work')
  const { pid } = (await agentsOf(world))['mary'] as { pid: number }
  expect((await agentsOf(world))['mary']).toMatchObject({ host: hostname(), pid: expect.any(Number) as number, leases: ['deploy'] })
  process.kill(pid, 0)
  run.signal('SIGKILL')
  await soon(async () => !('mary' in (await agentsOf(world))), 'nobody with the lease')
})
