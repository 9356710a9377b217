import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { agentTarget } from '../../src/domain/operation.js'
import { FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, soon, World } from '../support/world.js'

const BROKEN: [string, string][] = [
  ['no JSON at all', 'this is no JSON\n'],
  ['empty', ''],
  ['half of a document', '{"version": "1.0", "agents": {"mary": {"sta'],
  ['a document without its agents', '{"version": "1.0", "agents": {}, "current_work": {}}\n'],
  ['a document whose agents are null', '{"version": "1.0", "agents": null}\n'],
]

async function setAside(world: World): Promise<string[]> {
  const folder = `${world.root}/shared_memory/.memory_sync/aside`
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')))
}

/** Older than what somebody may still be writing. */
async function leave(world: World, text: string): Promise<void> {
  await writeFile(world.file, text)
  const before = new Date(Date.now() - 60_000)
  await utimes(world.file, before, before)
}

describe.each([REDIS_AND_HUB, FILES_ALONE])('a context.json that is no context, with $name', (setUp) => {
  test.each(BROKEN)('(%s) is set aside, and what was there is put back', async (_, text) => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    await leave(world, text)
    expect(JSON.parse(await world.ok('get', 'agents'))).toMatchObject({ mary: { context: { a: 1 } } })
    await world.ok('set', 'mary', 'c=3')
    await world.showsInFile({ agents: { mary: { context: { a: 1, c: 3 } } } })
    expect(await setAside(world)).toContain(text)
  })
})

describe.each([REDIS_AND_HUB, REDIS_ALONE, FILES_AND_HUB, FILES_ALONE])('with $name', (setUp) => {
  test('a context.json that was removed comes back', async () => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    await rm(world.file)
    expect(await world.ok('get', 'agents.mary.context.a')).toBe('1\n')
    await world.ok('set', 'gg', 'b=2')
    await world.showsInFile({ agents: { mary: { context: { a: 1 } }, gg: { context: { b: 2 } } } })
  })

  test('a context.json that is a symlink stays one, and its mode stays', async () => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    const real = `${world.root}/elsewhere/real.json`
    await mkdir(`${world.root}/elsewhere`)
    await rename(world.file, real)
    await chmod(real, 0o640)
    await symlink(real, world.file)
    await world.ok('set', 'mary', 'b=2')
    await world.showsInFile({ agents: { mary: { context: { a: 1, b: 2 } } } })
    expect((await lstat(world.file)).isSymbolicLink()).toBe(true)
    expect(await readlink(world.file)).toBe(real)
    expect((await stat(real)).mode & 0o777).toBe(0o640)
    expect(await readFile(real, 'utf8')).toContain('"b": 2')
    expect(await readdir(`${world.root}/elsewhere`)).toEqual(['real.json'])
  })
})

test('a shared_memory that is a symlink stays one', async () => {
  const world = await World.make(FILES_ALONE, {
    before: async (root) => {
      await mkdir(`${root}/real`)
      await symlink('real', `${root}/shared_memory`)
    },
  })
  await world.ok('set', 'mary', 'a=1')
  await world.startHub()
  await world.ok('set', 'mary', 'b=2')
  await world.showsInFile({ agents: { mary: { context: { a: 1, b: 2 } } } })
  expect(await readlink(`${world.root}/shared_memory`)).toBe('real')
  expect(await readFile(`${world.root}/real/context.json`, 'utf8')).toContain('"b": 2')
})

test('no reader ever sees half of a file', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'a=1')
  const memory = await world.memory()
  const stop = new AbortController()
  let read = 0
  const reader = (async () => {
    while (!stop.signal.aborted) {
      expect((await world.context()).agents['mary']).toMatchObject({ context: { a: 1 } })
      read++
    }
  })()
  for (let n = 0; n < 200; n++) {
    const edits = [{ do: 'set' as const, path: `/context/k${n}`, value: JSON.stringify('x'.repeat(200)) }]
    await memory.write({ target: agentTarget('mary'), kind: 'set', edits, by: 'tester' })
  }
  await soon(async () => (await world.text()).includes('"k199"'))
  stop.abort()
  await reader
  expect(read).toBeGreaterThan(0)
})
