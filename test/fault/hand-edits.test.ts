import { copyFile, mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { connectHubOf } from '../../src/client/connect.js'
import { formatLine } from '../../src/domain/json.js'
import { agentTarget } from '../../src/domain/operation.js'
import {
  type Context,
  FILES_ALONE,
  FILES_AND_HUB,
  type JsonObject,
  REDIS_ALONE,
  REDIS_AND_HUB,
  SET_UPS,
  soon,
  World,
} from '../support/world.js'
import { NO_HANG_MS, runs } from '../support/budget.js'
import { eventually } from '../support/eventually.js'

type Edit = (context: Context) => void

/** As jq and a rename do it, with a copy that was read some time before. */
async function rewriteFrom(world: World, copy: string, edit: Edit): Promise<void> {
  const context = JSON.parse(copy) as Context
  edit(context)
  const temporary = `${world.root}/context.json.edited`
  await writeFile(temporary, `${JSON.stringify(context, null, 2)}\n`)
  await rename(temporary, world.file)
}

/** As an editor that writes in place does it. */
async function writeInPlace(world: World, edit: Edit): Promise<void> {
  const context = await world.context()
  edit(context)
  await writeFile(world.file, JSON.stringify(context, null, 2))
}

/** With a hub an edit is taken in at once; without one, by the next write. */
async function takenIn(world: World): Promise<void> {
  if (world.hub === undefined) await world.ok('update', 'next', 'active')
}

describe.each([REDIS_AND_HUB, REDIS_ALONE, FILES_AND_HUB, FILES_ALONE])('a hand edit with $name', (setUp) => {
  test('made from an old copy by read, change and rename overwrites nothing that it had not seen', async () => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1', 'b=1')
    await world.ok('set', 'gg', 'x=1')
    await world.quiet()
    const old = await world.text()
    await world.ok('set', 'mary', 'b=2', 'c=3')
    await world.ok('set', 'new', 'y=1')
    await world.quiet()
    await rewriteFrom(world, old, ({ agents }) => {
      agents['mary']!.context!['a'] = 'edited'
      agents['gg']!.status = 'idle'
    })
    await takenIn(world)
    const expected = {
      mary: { context: { a: 'edited', b: 2, c: 3 } },
      gg: { status: 'idle', context: { x: 1 } },
      new: { context: { y: 1 } },
    }
    await world.showsInFile({ agents: expected })
    expect((await world.quiet()).agents).toMatchObject(expected)
  })

  test('that says the same as one before it is another one', async () => {
    const world = await World.make(setUp)
    await world.ok('set', 'gc', 'phase=day')
    await world.quiet()
    const template = (await world.text()).replace('"day"', '"night"')
    for (const time of [1, 2, 3]) {
      await writeFile(world.file, template)
      await takenIn(world)
      await soon(async () => {
        expect((await world.quiet()).agents['gc']?.context, `time ${time}`).toEqual({ phase: 'night' })
        return true
      })
      await world.ok('set', 'gc', 'phase=day')
      expect((await world.quiet()).agents['gc']?.context).toEqual({ phase: 'day' })
    }
  })

  test('in place adds and takes out agents and keeps unknown members', async () => {
    const world = await World.make(setUp)
    for (const agent of ['mary', 'gone', 'gg']) await world.ok('set', agent, 'a=1')
    await world.quiet()
    await writeInPlace(world, (context) => {
      delete context.agents['gone']
      context.agents['by_hand'] = { status: 'active', note: 'added ด้วยมือ', limits: [1, {}] }
      context.agents['gg']!['extra'] = { deep: {} }
      context['phase'] = { name: '5' }
    })
    await takenIn(world)
    await world.showsInFile({
      phase: { name: '5' },
      agents: { by_hand: { note: 'added ด้วยมือ', limits: [1, {}] }, gg: { extra: { deep: {} }, context: { a: 1 } } },
    })
    await soon(async () => !('gone' in (await world.context()).agents))
    await world.ok('set', 'mary', 'b=2')
    const context = await world.quiet()
    expect(Object.keys(context.agents)).not.toContain('gone')
    expect(context.agents).toMatchObject({ mary: { context: { a: 1, b: 2 } }, by_hand: { status: 'active' } })
    expect(context['phase']).toEqual({ name: '5' })
    const back = await world.json<{ rev: number }>('set', 'gone', 'again=1')
    expect(back.rev).toBeGreaterThan(0)
    expect((await world.quiet()).agents['gone']).toMatchObject({ context: { again: 1 } })
  })
})

test.each(SET_UPS)('an edit that comes to nothing, as it stands there by now, is done with, with $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('set', 'mary', 'a=1')
  await world.quiet()
  const old = await world.text()
  await world.ok('set', 'mary', 'a=2')
  await world.quiet()
  await rewriteFrom(world, old, ({ agents }) => (agents['mary']!.context!['a'] = 2))
  await takenIn(world)
  await soon(async () => (await world.json('status'))['fileIsCurrent'] === true, 'a file that shows everything')
})

describe.each(SET_UPS)('a context.json from elsewhere with $name', (setUp) => {
  /** The other one was written first: what both have is newer here. */
  const twoRoots = async (): Promise<{ world: World; other: World }> => {
    const [world, other] = await Promise.all([World.make(setUp), World.make(FILES_ALONE)])
    await other.ok('set', 'gc', 'task=theirs')
    await other.ok('set', 'mary', 'task=theirs', 'theirs=1')
    await world.ok('set', 'mary', 'task=ours', 'ours=1')
    await world.ok('set', 'rnd', 'x=1')
    await world.quiet()
    return { world, other }
  }

  test('deletes nothing and loses nothing, however high its revision is', async () => {
    const { world, other } = await twoRoots()
    for (let n = 0; n < 4; n++) await other.ok('set', 'gc', `n=${n}`)
    const { paths } = await world.context()
    for (const rev of [(await other.context())['rev']!, 999_999_999_999]) {
      await rewriteFrom(world, await other.text(), (context) => (context['rev'] = rev))
      await takenIn(world)
      const agents = { gc: { context: { task: 'theirs', n: 3 } }, mary: { context: { task: 'ours', ours: 1, theirs: 1 } }, rnd: { context: { x: 1 } } }
      await world.showsInFile({ agents, paths })
    }
    expect((await world.run('health')).stdout).toContain('2 foreign files were set aside')
  })
})

describe.each([REDIS_AND_HUB, FILES_AND_HUB])('while writes go on with $name', (setUp) => {
  // On a busy machine an edit may fall between the last look and the rename, which is known to lose it: then once more.
  test('every hand edit and every write is kept', { retry: 2 }, async () => {
    const world = await World.make(setUp)
    const memory = await world.memory()
    await world.ok('update', 'mary', 'active')
    const stop = new AbortController()
    let written = 0
    const writer = (async () => {
      while (!stop.signal.aborted) {
        written++
        const edits = [{ do: 'set' as const, path: `/context/k${written}`, value: String(written) }]
        const outcome = await memory.write({ target: agentTarget('writer'), kind: 'set', edits, by: 'tester' })
        expect(outcome).toMatchObject({ ok: true })
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    try {
      for (let edit = 1; edit <= 20; edit++) {
        const old = await world.text()
        if (edit % 4 === 0) await soon(async () => (await world.text()) !== old)
        await rewriteFrom(world, old, ({ agents }) => (agents[`hand${edit}`] = { status: 'active', n: edit }))
        // The next edit is made from a file that shows this one and something newer.
        await soon(async () => Object.hasOwn((await world.context()).agents, `hand${edit}`))
      }
    } finally {
      stop.abort()
      await writer
    }
    const kept = Object.fromEntries(Array.from({ length: written }, (_, i) => [`k${i + 1}`, i + 1]))
    await world.showsInFile({ agents: { writer: { context: kept } } })
    const { agents } = await world.quiet()
    expect(agents['writer']?.context).toEqual(kept)
    for (let edit = 1; edit <= 20; edit++) expect(agents[`hand${edit}`]).toMatchObject({ n: edit })
  })
})

describe('a legacy program', () => {
  test('may have made an agent with the name of a member of the context, which can be removed', async () => {
    const world = await World.make(REDIS_ALONE)
    const client = await world.redis.client()
    await client.hset('memory:agents:current_work', { status: 'busy' })
    client.disconnect()
    await world.quiet()
    expect(await world.run('update', 'current_work', 'active')).toMatchObject({ code: 2 })
    await world.ok('remove', 'current_work')
    expect(Object.keys((await world.quiet()).agents)).toEqual([])
    expect(await world.run('remove', 'current_work')).toMatchObject({ code: 2 })
  })

  test('that writes a hash without telling anybody reaches the file', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'claude', 'task=T1')
    const client = await world.redis.client()
    await client.hset('memory:agents:claude', { status: 'busy', hook_success_rate: '99.50', hook_failures: '0' })
    const paula = { status: 'active', last_update: '2025-11-12T08:26:25Z', insight: 'ดี "quoted"' }
    await client.hset('memory:agents:paula', paula)
    const agents = {
      claude: { status: 'busy', hook_success_rate: '99.50', context: { task: 'T1' } },
      paula: { status: 'active', insight: 'ดี "quoted"' },
    }
    await world.showsInFile({ agents })
    await world.ok('set', 'paula', 'a=1')
    const both = { ...agents, paula: { insight: 'ดี "quoted"', context: { a: 1 } } }
    expect((await world.quiet()).agents).toMatchObject(both)
  })

  test('whose names of fields are no lines, or no text, keeps no other field out, and what it wrote is kept', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'gc', 'task=T1')
    const client = await world.redis.client()
    await client.hset('memory:agents:claude', { status: 'ok', 'note\t2': 'x', 'next\u0085': 'y' })
    await client.hset('memory:agents:gc', { insight: 'z', 'a\nb': 'x' })
    await client.hset('memory:agents:paula', 'insight', 'y', Buffer.from('caf\xe9', 'latin1'), 'x')
    const [claude, gc] = [{ status: 'ok', 'note\t2': 'x', 'next\u0085': 'y' }, { insight: 'z', 'a\nb': 'x', context: { task: 'T1' } }]
    await world.showsInFile({ agents: { claude, gc, paula: { insight: 'y' } } })
    expect(await world.json('sync')).toMatchObject({ equal: true })
    await world.ok('set', 'claude', 'k=1')
    await client.flushall()
    await world.ok('set', 'claude', 'l=2')
    await world.showsInFile({ agents: { claude: { ...claude, context: { k: 1, l: 2 } }, gc, paula: { insight: 'y' } } })
    expect(await client.hget('memory:agents:claude', 'status')).toBe('ok')
  })

  test('that writes a hash while no hub runs is in the file after the next sync', async () => {
    const world = await World.make(REDIS_ALONE)
    await world.ok('set', 'claude', 'task=T1')
    const client = await world.redis.client()
    await client.hset('memory:agents:claude', 'hook_success_rate', '99.50')
    expect(JSON.parse(await world.ok('get', 'agents.claude'))).toMatchObject({ hook_success_rate: '99.50' })
    const { agents } = await world.quiet()
    expect(agents['claude']).toMatchObject({ hook_success_rate: '99.50', context: { task: 'T1' } })
  })
})

test('what an edit had said is in the history, by the name of the file', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'a=1')
  await copyFile(world.file, `${world.root}/copy.json`)
  await writeInPlace(world, ({ agents }) => (agents['mary']!.context!['a'] = 2))
  await world.showsInFile({ agents: { mary: { context: { a: 2 } } } })
  await soon(async () => (await world.ok('log', '--json')).includes('"context.json"'))
  expect(await readFile(`${world.root}/copy.json`, 'utf8')).toContain('"a": 1')
  expect((await world.json<JsonObject>('get', 'agents.mary.context'))['a']).toBe(2)
})

test('of a file whose time is still to come, nothing that is written here later beats what others write after it', async () => {
  const world = await World.make(REDIS_ALONE)
  const other = await World.around(world.redis)
  await world.ok('set', 'x', 'f=0')
  await writeFile(world.file, (await world.text()).replace('"active"', '"idle"'))
  await utimes(world.file, new Date('2099-01-01'), new Date('2099-01-01'))
  const away = { redis: 'unix:///nowhere' }
  for (const name of ['first', 'second']) {
    await world.runWith(away, 'set', 'x', `f=${name}`)
    expect(JSON.parse(await world.text())).toMatchObject({ last_update: expect.not.stringContaining('2099') as string, agents: { x: { status: 'idle' } } })
    await other.ok('set', 'x', 'f=other')
    await world.ok('sync')
    expect(await other.json('get', '/agents/x/context/f')).toBe('other')
    expect(await other.ok('log', '--json')).toContain(`"lost":"${name}"`)
  }
})

test.each([REDIS_AND_HUB, FILES_AND_HUB])('a get right after an edit shows it, with $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('set', 'mary', 'n=0')
  await world.quiet()
  const client = await connectHubOf(world.root, { budgetMs: NO_HANG_MS })
  if (client === null) throw new Error('no hub')
  for (let n = 1; n <= runs(30, 5); n++) {
    await rewriteFrom(world, await readFile(world.file, 'utf8'), ({ agents }) => {
      agents['mary']!.context!['n'] = n
    })
    const { context } = (await client.read())!
    expect(formatLine(context)).toContain(`"n":${n}`)
  }
  await client.close()
})

test('each edit of a file that context.json is a link to is taken in before the hub looks by itself', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await world.ok('set', 'mary', 'n=0')
  await world.quiet()
  await mkdir(`${world.root}/elsewhere`)
  await rename(world.file, `${world.root}/elsewhere/real.json`)
  await symlink('../elsewhere/real.json', world.file)
  const state = `${world.root}/shared_memory/.memory_sync`
  for (const n of [1, 2, 3, 4]) {
    await soon(async () => !(await readdir(state)).some((name) => name.startsWith('replaced.')), 'a hub that has nothing more to look at')
    await writeInPlace(world, ({ agents }) => (agents['mary']!.context!['n'] = n))
    const isTaken = async (): Promise<boolean> => (await world.agentsInRedis())['mary']?.context?.['n'] === n
    await eventually(isTaken, { timeoutMs: 12_000, intervalMs: 50, what: `edit ${n} in Redis` })
  }
})
