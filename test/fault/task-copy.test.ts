import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { configure } from '../support/configure.js'
import { eventually } from '../support/eventually.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, REDIS_AND_HUB, SET_UPS, soon, World } from '../support/world.js'
import { parseYaml } from '../../src/usecases/tasks/yaml-text.js'
import { TRACKING } from '../support/tracking-2025.js'

const long = process.env['MEMORY_SYNC_TEST_LONG'] === '1'

const copyOf = (world: World): string => `${world.root}/shared_memory/prp_status.yaml`
const text = (world: World): Promise<string> => readFile(copyOf(world), 'utf8')
const item = (world: World, id: string): Promise<JsonObject> => world.json('task', 'show', id)

/** As an editor does it: the whole file, in one step. */
async function save(world: World, content: string): Promise<void> {
  await writeFile(`${copyOf(world)}.edited`, content)
  await rename(`${copyOf(world)}.edited`, copyOf(world))
}

async function imported(setUp: Parameters<typeof World.make>[0]): Promise<World> {
  const world = await World.make(setUp)
  const file = `${world.root}/tracking.yaml`
  await writeFile(file, TRACKING)
  expect(await world.json('task', 'import', file)).toMatchObject({ total: 5, added: 5, unchanged: 0 })
  return world
}

/** Without a hub the next command that changes an item looks at the copy. */
async function look(world: World): Promise<void> {
  if (world.hub === undefined) await world.run('task', 'import', `${world.root}/tracking.yaml`)
}

const aside = async (world: World): Promise<string[]> =>
  (await readdir(`${world.root}/shared_memory/.memory_sync/tasks/aside`).catch(() => [])).sort()

describe.each(long ? SET_UPS : [REDIS_AND_HUB, FILES_ALONE])('the YAML copy with $name', (setUp) => {
  test('has every field that came in, goes out as it came in, and is kept current', async () => {
    const world = await imported(setUp)
    expect(parseYaml(await world.ok('task', 'export'))).toEqual(parseYaml(TRACKING))
    expect(await world.json('task', 'import', `${world.root}/tracking.yaml`)).toMatchObject({ added: 0, changed: 0, unchanged: 5 })
    await soon(async () => (await text(world)).includes('PRP-1001'))
    await world.ok('task', 'complete', 'P0-021', '--agent', 'mary', '--commit', '1234567')
    await soon(async () => {
      const document = parseYaml(await text(world))
      expect(document.get('prp_tracking')).toEqual(
        new Map([...(parseYaml(await world.ok('task', 'export')).get('prp_tracking') as Map<string, never>)]),
      )
      expect(await text(world)).toContain("github_commit: '1234567'")
      expect((document.get('stats') as Map<string, unknown>).get('completion_rate')).toBe('0.5')
      return true
    })
  })

  test('takes in what was edited by hand, also in an older version, and loses nothing that came between', async () => {
    const world = await imported(setUp)
    const older = await soon(async () => {
      const found = await text(world)
      expect(found).toContain('P3-007')
      return found
    })
    await world.ok('task', 'validate', 'P3-006')
    await world.ok('task', 'claim', 'P3-006', '--agent', 'mary')
    const edited = older
      .replace('title: Tests', 'title: All tests # by hand')
      .replace('metadata:', '# a remark\nmetadata:')
      .replace('prp_tracking:\n', 'prp_tracking:\n  NEW-1:\n    title: from an editor\n')
      .replace(/ {2}P3-007:\n(?: {4}.*\n)+/, '')
    await save(world, edited)
    await look(world)
    await soon(async () => {
      expect(await item(world, 'P3-005')).toMatchObject({ title: 'All tests' })
      expect(await item(world, 'NEW-1')).toMatchObject({ title: 'from an editor', status: 'new' })
      expect((await world.run('task', 'show', 'P3-007')).code).toBe(1)
      return true
    })
    expect(await item(world, 'P3-006')).toMatchObject({ status: 'validated', owner: 'mary' })
    await soon(async () => {
      const now = await text(world)
      for (const kept of ['All tests # by hand', '# a remark', 'from an editor', 'owner: mary']) expect(now).toContain(kept)
      return true
    })
  })

  test('with a text that was taken in before is an edit like any other', async () => {
    const world = await imported(setUp)
    const first = await soon(async () => {
      const found = await text(world)
      expect(found).toContain('P3-007')
      return found
    })
    const titled = (title: string): string => first.replace('title: Tests', `title: ${title}`).replace(/^ *memory_sync_rev: .*\n/m, '')
    for (const title of ['One', 'Two', 'One']) {
      await save(world, titled(title))
      await look(world)
      await soon(async () => {
        expect(await item(world, 'P3-005')).toMatchObject({ title })
        return true
      })
    }
  })

  test('that cannot be read, or is emptied, is set aside and written anew', async () => {
    const world = await imported(setUp)
    await soon(async () => (await text(world)).includes('P3-007'))
    for (const [n, broken] of ['prp_tracking: [', 'prp_tracking: {}\n'].entries()) {
      await save(world, broken)
      await soon(async () => {
        await world.run('task', 'import', `${world.root}/tracking.yaml`)
        expect(await aside(world)).toHaveLength(n + 1)
        expect(await text(world)).toContain('P3-007')
        return true
      })
    }
    await rm(copyOf(world))
    await mkdir(copyOf(world))
    await soon(async () => {
      await world.run('task', 'import', `${world.root}/tracking.yaml`)
      expect(await aside(world)).toHaveLength(3)
      expect(await text(world)).toContain('P3-007')
      return true
    })
    expect(await world.json<JsonObject[]>('task', 'list')).toHaveLength(5)
  })
})

test.each([FILES_ALONE, FILES_AND_HUB])('of an edit what is over the limits of a value is set aside, and the rest comes in, with $name', async (setUp) => {
  const world = await imported(setUp)
  await soon(async () => (await text(world)).includes('P3-007'))
  const large = 'x'.repeat(1024 * 1024 + 1)
  const edited = (await text(world))
    .replace('prp_tracking:\n', `prp_tracking:\n  BG:\n    title: ${large}\n  AFTER:\n    title: behind it\n`)
    .replace('title: Tests', `remark: ${large}\n    title: All tests`)
    .replace('metadata:\n', `metadata:\n  remark: ${large}\n  other: short\n`)
  await save(world, edited)
  await look(world)
  await soon(async () => {
    expect((await item(world, 'AFTER'))['title']).toBe('behind it')
    const shown = await text(world)
    expect(shown).toContain('behind it')
    expect(shown).toContain('other: short')
    expect(shown.length).toBeLessThan(large.length)
    return true
  })
  expect((await item(world, 'P3-005'))['title']).toBe('Tests') // an item is taken as a whole
  expect((await world.run('task', 'show', 'BG')).code).toBe(1)
  expect(await aside(world)).toHaveLength(1)
  await world.ok('task', 'add', 'LATER')
  await soon(async () => (await text(world)).includes('LATER'))
})

test.each([FILES_ALONE, FILES_AND_HUB])('a folder that the config names as the copy stays where it is, with $name', async (setUp) => {
  const world = await World.make(setUp, {
    before: async (root) => {
      await mkdir(`${root}/.config/memory_sync`, { recursive: true })
      await writeFile(`${root}/.config/memory_sync/config.json`, '{"tasks": {"file": "notes"}}')
      await mkdir(`${root}/notes`)
      await writeFile(`${root}/notes/mine`, '')
      await utimes(`${root}/notes`, 1, 1) // long at rest
    },
  })
  const told = 'tasks.file of the config has to name a file: it is a folder'
  const { stderr } = await world.run('task', 'add', 'T')
  if (world.hub === undefined) expect(stderr).toBe(`Warning: the copy ${world.root}/notes was not written: ${told}\n`)
  else await soon(() => world.hub!.stdout().includes(told))
  expect(await readdir(`${world.root}/notes`)).toEqual(['mine'])
  expect(await world.json<JsonObject[]>('task', 'list')).toHaveLength(1)
})

test.each([FILES_ALONE, FILES_AND_HUB])('a copy whose folder is missing is told in words, and is there when the folder is, with $name', async (setUp) => {
  const world = await World.make(setUp, { before: (root) => configure(root, { tasks: { file: 'no/where/copy.yaml' } }) })
  const told = `there is no folder ${world.root}/no/where for the file that tasks.file of the config names`
  const { code, stderr } = await world.run('task', 'add', 'T')
  expect(code).toBe(0)
  if (world.hub === undefined) expect(stderr).toBe(`Warning: the copy ${world.root}/no/where/copy.yaml was not written: ${told}\n`)
  else await soon(() => world.hub!.stdout().includes(told))
  await mkdir(`${world.root}/no/where`, { recursive: true })
  expect(await world.run('task', 'add', 'U')).toMatchObject({ code: 0, stderr: '' })
  await soon(async () => (await readFile(`${world.root}/no/where/copy.yaml`, 'utf8').catch(() => '')).includes('U:'))
})

test.each(['shared_memory/context.json', 'shared_memory/.memory_sync/journal', 'bridge/memory/inbox/x.json', 'logs/memory_hub.out.log', 'link'])(
  'what memory_sync keeps itself is no place for the copy: %s',
  async (file) => {
    const world = await World.make(FILES_ALONE, {
      before: async (root) => {
        await mkdir(`${root}/.config/memory_sync`, { recursive: true })
        await writeFile(`${root}/.config/memory_sync/config.json`, JSON.stringify({ tasks: { file } }))
        await symlink('shared_memory/context.json', `${root}/link`)
      },
    })
    await world.ok('update', 'mary', 'active')
    const before = await readFile(`${world.root}/shared_memory/context.json`, 'utf8')
    for (const args of [['task', 'add', 'T'], ['hub']]) {
      const { code, stderr } = await world.run(...args)
      expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(`tasks\\.file of the config names ${world.root}/${file}, but .* is for memory_sync itself`) })
    }
    expect(await world.json<JsonObject[]>('task', 'list')).toEqual([])
    expect(await readFile(`${world.root}/shared_memory/context.json`, 'utf8')).toBe(before)
  },
)

test('edits by hand and steps at the same time are all kept', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const ids = Array.from({ length: long ? 12 : 4 }, (_, n) => `T${n}`)
  for (const id of ids) await world.ok('task', 'add', id)
  await soon(async () => (await text(world)).includes(ids.at(-1)!))
  const steps = (async () => {
    for (const id of ids) await world.ok('task', 'validate', id)
  })()
  for (const id of ids) {
    await soon(async () => {
      const before = await text(world)
      await save(world, before.replace(`  ${id}:\n`, `  ${id}:\n    by_hand: ${id}\n`))
      return (await item(world, id))['by_hand'] === id || soon(async () => (await item(world, id))['by_hand'] === id)
    })
  }
  await steps
  const items = await world.json<JsonObject[]>('task', 'list')
  expect(items.map(({ id, by_hand, status }) => [id, by_hand, status])).toEqual(ids.map((id) => [id, id, 'validated']))
})

test('a hub that was killed finds the edit of the meantime, and a claim that has run out is written back', async () => {
  const world = await imported(REDIS_AND_HUB)
  await world.ok('task', 'validate', 'P3-006')
  const holder = world.start('watch')
  await world.ok('task', 'start', 'P3-006', '--agent', 'mary', '--while-pid', String(holder.pid))
  await soon(async () => (await text(world)).includes('owner: mary'))
  world.hub?.signal('SIGKILL')
  await world.hub?.ended()
  await save(world, (await text(world)).replace('title: Mocks out', 'title: No mocks'))
  holder.signal('SIGKILL')
  await holder.ended()
  await world.startHub()
  await soon(async () => {
    expect(await item(world, 'P3-006')).toMatchObject({ title: 'No mocks', status: 'validated', owner: null })
    const client = await world.redis.client()
    expect(await client.hget('memory:tasks:P3-006', 'owner')).toBeNull()
    expect(await text(world)).not.toContain('owner: mary')
    client.disconnect()
    return true
  })
})

test('a copy that was there before is taken in, and one that was removed comes again', async () => {
  const world = await World.make(FILES_AND_HUB, {
    before: async (root) => {
      await mkdir(`${root}/shared_memory`, { recursive: true })
      await writeFile(`${root}/shared_memory/prp_status.yaml`, TRACKING)
    },
  })
  await soon(async () => (await world.json<JsonObject[]>('task', 'list')).length === 5)
  await soon(async () => (await text(world)).includes('# kept by hand'))
  await rm(copyOf(world))
  await soon(async () => (await text(world)).includes('PRP-1001'))
  expect(await world.json<JsonObject[]>('task', 'list')).toHaveLength(5)
})

test.each([FILES_ALONE, REDIS_AND_HUB])('an edit of something else leaves numbers as they are, with $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('task', 'add', 'E', 'n=1E5', 'm=5.0', 'list=[1e400,{"k":1,"k":1e-7}]')
  const shown = async (): Promise<string> => /"n".*(?=,"rev")/.exec(await world.ok('task', 'show', 'E', '--json'))![0]
  const before = await shown()
  await soon(async () => (await text(world)).includes('1E5'))
  await save(world, `${await text(world)}note: by hand\n`)
  await world.ok('task', 'add', 'E2')
  await soon(async () => (await world.ok('task', 'export')).includes('note: by hand'))
  expect(await shown()).toBe(before)
  expect((await world.ok('log', '--json')).split('\n').filter((line) => line.includes('prp_status.yaml') && line.includes('1E5'))).toEqual([])
})

test('each edit of a file that the copy is a link to is taken in before the hub looks by itself', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('task', 'add', 'T')
  await soon(async () => (await text(world)).includes('  T:\n'))
  await rename(copyOf(world), `${world.root}/real.yaml`)
  await symlink('../real.yaml', copyOf(world))
  for (const n of ['1', '2', '3', '4']) {
    await writeFile(`${world.root}/real.yaml`, (await text(world)).replace('  T:\n', `  T:\n    by_hand${n}: yes\n`))
    const isTaken = async (): Promise<boolean> => Object.hasOwn(await item(world, 'T'), `by_hand${n}`)
    await eventually(isTaken, { timeoutMs: 12_000, intervalMs: 50, what: `edit ${n}` })
  }
})
