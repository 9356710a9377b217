/** A hub whose program is replaced, or removed, beneath it: nobody tells it, and what it has not loaded by then it never can. */
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeTempFolder } from '../support/temp.js'
import { FILES_ALONE, REDIS_ALONE, type SetUp, soon, World } from '../support/world.js'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

/** A hub of a copy of the program that is gone as soon as the hub says that it is ready; nothing was asked of it. */
async function hubWithoutProgram(setUp: SetUp): Promise<World> {
  const folder = await makeTempFolder('ms-program-')
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) await cp(`${PACKAGE}/${name}`, `${folder}/${name}`, { recursive: true })
  const world = await World.make(setUp)
  await world.server?.kill()
  await world.startHub({ program: `${folder}/bin/run.js` })
  await rename(`${folder}/dist`, `${folder}/former`)
  await world.server?.restart()
  return world
}

const CALLS: string[][] = [
  ...[['update', 'mary', 'active'], ['set', 'mary', 'a=1'], ['set', 'mary', '--patch', '{"b":{"c":[1]}}'], ['record', 'mary', 'T', 'ok', '{"n":1}'], ['get'], ['get', 'agents.mary']],
  ...[['heartbeat', 'mary'], ['agents'], ['status'], ['log'], ['publish', '{"x":1}']],
  ...[['lock', 'acquire', 'l', '--ttl', '60'], ['lock', 'list'], ['lock', 'status', 'l'], ['lock', 'history', 'l'], ['lock', 'force-release', 'l', '--yes']],
  ...[['lock', 'run', 'l', '--', 'true'], ['merge', 'status'], ['task', 'add', 'X1', '--title', 't'], ['task', 'validate', 'X1'], ['task', 'claim', 'X1', '--agent', 'mary']],
  ...[['task', 'list'], ['task', 'show', 'X1'], ['task', 'board'], ['task', 'heartbeat', 'X1', '--agent', 'mary'], ['task', 'release', 'X1', '--agent', 'mary'], ['task', 'export']],
  ...[['remove', 'mary'], ['hub', 'status'], ['health']],
]

test.each([REDIS_ALONE, FILES_ALONE])('a hub ($name) goes on doing everything that is asked of it', { timeout: 240_000 }, async (setUp) => {
  const world = await hubWithoutProgram(setUp)
  const hub = world.hub!
  if (setUp.redis) await soon(async () => expect(await world.json('status')).toMatchObject({ redis: 'online' }), 'a hub with its Redis')
  for (const call of [...CALLS, ...(setUp.redis ? [['sync']] : [])]) expect(await world.run(...call), call.join(' ')).toMatchObject({ code: call[0] === 'health' ? expect.any(Number) : 0 })
  expect(await world.run('watch', '--since', '0', '--count', '1')).toMatchObject({ code: 0, stdout: expect.stringContaining('mary') })
  const { token } = await world.json<{ token: string }>('lock', 'acquire', 'm', '--ttl', '60')
  for (const step of ['renew', 'release']) await world.ok('lock', step, 'm', '--token', token)
  await takesIn(world)
  expect(await world.json('hub', 'status')).toMatchObject({ running: true, pid: hub.pid })
  await world.ok('hub', 'stop')
  const { code, stdout, stderr } = await hub.ended()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).not.toMatch(/cannot find|bug/i)
})

/** What nobody waits for: a drop, a hand edit, and the copy of the work items. */
async function takesIn(world: World): Promise<void> {
  await mkdir(`${world.root}/bridge/memory/inbox`, { recursive: true })
  await writeFile(`${world.root}/bridge/memory/inbox/rnd_context_1.json`, '{"dropped":1}')
  const edited = await world.context()
  await world.write({ ...edited, current_work: { edited: 1 } })
  await soon(async () => expect(await world.json('get')).toMatchObject({ current_work: { edited: 1 }, agents: { rnd: { context: { dropped: 1 } } } }))
  await soon(async () => expect(await readFile(`${world.root}/shared_memory/prp_status.yaml`, 'utf8')).toContain('X1'))
}
