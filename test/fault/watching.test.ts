import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { environmentOf, type Program, startCli } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'
import {
  FILES_ALONE,
  FILES_AND_HUB,
  type JsonObject,
  REDIS_ALONE,
  REDIS_AND_HUB,
  SET_UPS,
  soon,
  World,
} from '../support/world.js'

interface Line extends JsonObject {
  rev?: number
  cursor: string
  agent: string
  event: string
}

const linesOf = (watch: Program): Line[] => watch.lines().map((line) => JSON.parse(line) as Line)

/** A watch that has said that it is ready. */
async function follow(world: World, ...args: string[]): Promise<Program> {
  const watch = world.start('watch', ...args)
  await soon(() => /^watching from rev \d+$/m.test(watch.stderr()), 'a watch that is ready')
  return watch
}

async function write(world: World, agents: readonly string[]): Promise<void> {
  for (const agent of agents) await world.ok('update', agent, 'active')
}

async function tells(watch: Program, agents: readonly string[]): Promise<Line[]> {
  await eventually(
    () => {
      expect(changed(linesOf(watch))).toEqual(agents)
      return true
    },
    { what: 'what the watch tells', timeoutMs: 20_000 },
  )
  return linesOf(watch)
}

/** Agents in the order of what was told; a line without one is a change of the context's other members. */
const changed = (lines: readonly Line[]): string[] =>
  lines.filter(({ event, agent }) => event === 'agent_update' && agent !== null).map(({ agent }) => agent)

function expectOrder(lines: readonly Line[]): void {
  const revs = lines.flatMap(({ rev }) => rev ?? []) // what Redis took too long for is told before it has one
  expect(revs).toEqual([...new Set(revs)].sort((a, b) => a - b))
  expect(lines.filter(({ event }) => event === 'gap' || event === 'snapshot')).toEqual([])
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)

describe.each(SET_UPS)('with $name', (setUp) => {
  test('an update of one process is seen once by the watch of another, and in the file', async () => {
    const world = await World.make(setUp)
    await write(world, ['first'])
    const [one, other] = await Promise.all([follow(world), follow(world)])
    const agents = names('a', 3)
    await write(world, agents)
    for (const watch of [one, other]) expectOrder(await tells(watch, agents))
    expect(Object.keys((await world.quiet()).agents)).toEqual(['first', ...agents])
  })

  test('a watcher that was away hears what it missed, from its cursor on', async () => {
    const world = await World.make(setUp)
    const before = await follow(world)
    await write(world, ['a1', 'a2'])
    const { cursor } = (await tells(before, ['a1', 'a2'])).at(-1)!
    before.signal('SIGTERM')
    expect(await before.ended()).toMatchObject({ code: 143 })
    await write(world, ['b1', 'b2', 'b3'])
    const after = await follow(world, '--since', cursor)
    await write(world, ['c1'])
    expectOrder(await tells(after, ['b1', 'b2', 'b3', 'c1']))
  })
})

describe.each([REDIS_AND_HUB, FILES_AND_HUB])('a hub that is killed, with $name', (setUp) => {
  test('is missed by no watcher: every change comes once and in order', async () => {
    const world = await World.make(setUp)
    const watch = await follow(world)
    const told: string[] = []
    for (const round of ['r1', 'r2']) {
      await write(world, names(`${round}-with`, 2))
      world.hub!.signal('SIGKILL')
      await world.hub!.ended()
      await write(world, names(`${round}-without`, 2))
      await world.startHub()
      await write(world, names(`${round}-again`, 2))
      told.push(...names(`${round}-with`, 2), ...names(`${round}-without`, 2), ...names(`${round}-again`, 2))
    }
    expectOrder(await tells(watch, told))
    expect(Object.keys((await world.quiet()).agents).sort()).toEqual([...told].sort())
  })
})

describe.each([REDIS_ALONE, FILES_ALONE])('a hub that comes and goes, with $name', (setUp) => {
  test('leaves a watch that began without it as it was', async () => {
    const world = await World.make(setUp)
    const watch = await follow(world)
    await write(world, ['a1'])
    await world.startHub()
    await write(world, ['a2', 'a3'])
    world.hub!.signal('SIGTERM')
    await world.hub!.ended()
    await write(world, ['a4'])
    expectOrder(await tells(watch, ['a1', 'a2', 'a3', 'a4']))
  })
})

test('a Redis that is restarted with its data is felt by no watcher, and one that comes back empty is told as a gap', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await write(world, ['a1'])
  const watch = await follow(world)
  await write(world, ['b1', 'b2'])
  const told = ['b1', 'b2']
  for (const round of ['r1', 'r2']) {
    await world.redis.restart()
    await soon(async () => (await world.json('set', 'other', 'n+=1'))['durability'] === 'redis')
    await write(world, [`${round}-1`, `${round}-2`])
    told.push(`${round}-1`, `${round}-2`)
    expect((await tells(watch, told)).filter(({ event }) => event === 'gap' || event === 'snapshot')).toEqual([])
  }
  await world.redis.restart({ wipe: true })
  await soon(() => linesOf(watch).some(({ event }) => event === 'gap'))
  await write(world, ['c1'])
  await soon(() => changed(linesOf(watch)).at(-1) === 'c1')
})

test('parallel writers are told in the order of revisions', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const watch = await follow(world)
  const agents = names('p', 8)
  await Promise.all(agents.map((agent) => world.ok('update', agent, 'active')))
  await eventually(() => changed(linesOf(watch)).length >= agents.length, { timeoutMs: 20_000, what: 'every change' })
  expect(changed(linesOf(watch)).sort()).toEqual([...agents].sort())
  expectOrder(linesOf(watch))
})

test('a hand edit and what a legacy program wrote are told too', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await write(world, ['mary'])
  const watch = await follow(world, '--agent', 'claude')
  const client = await world.redis.client()
  await client.hset('memory:agents:claude', 'status', 'busy')
  await soon(() => linesOf(watch).some(({ data }) => (data as JsonObject)['status'] === 'busy'))
  expectOrder(linesOf(watch))
})

test('a hub whom Redis does not let listen looks for what others commit', async () => {
  const world = await World.make({ ...REDIS_ALONE })
  const client = await world.redis.client()
  await client.call('ACL', 'SETUSER', 'default', '-client|tracking')
  await world.startHub()
  await world.quiet()
  const asked = async (): Promise<number> => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
  const before = await asked()
  await soon(async () => (await asked()) >= before + 30, 'it asks again and again')
  const elsewhere = startCli(['update', 'claude', 'active'], { root: await makeTempFolder(), redis: world.redis.url })
  expect(await elsewhere.ended()).toMatchObject({ code: 0 })
  await soon(async () => (await world.text()).includes('claude'), 'the file')
})

describe('what is published', () => {
  const published = (watch: Program): unknown[] => linesOf(watch).flatMap(({ event, data, n }) => (event === 'told' ? [n ?? (data as JsonObject)['n']] : []))

  test('through a hub is told on this machine, however often its connection to the channel breaks', async () => {
    const world = await World.make(REDIS_AND_HUB)
    const watch = await follow(world)
    const client = await world.redis.client()
    let isDone = false
    const breaking = (async () => {
      while (!isDone) await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    })()
    const all = [1, 2, 3, 4, 5, 6, 7, 8]
    try {
      for (const n of all) await world.ok('publish', JSON.stringify({ event: 'told', n }))
    } finally {
      isDone = true
      await breaking
    }
    await world.ok('publish', '{"event":"told","n":"last"}')
    await soon(() => published(watch).includes('last'))
    expect(published(watch)).toEqual([...all, 'last'])
  })

  test.each([REDIS_AND_HUB, REDIS_ALONE])('is told with a revision of its own too, and no change is told twice, with $name', async (setUp) => {
    const world = await World.make(setUp)
    const watch = await follow(world)
    const client = await world.redis.client()
    await world.ok('update', 'gc', 'active')
    await client.publish('memory:updates', '{"event":"told","n":1,"rev":7}')
    await world.ok('publish', '{"event":"told","n":2,"rev":42}')
    await world.ok('publish', '{"agent":"gc","event":"told","timestamp":"","data":{"n":3},"rev":42}')
    await soon(() => published(watch).length === 3)
    expect(published(watch)).toEqual([1, 2, 3])
    expect(linesOf(watch).filter(({ event }) => event !== 'told')).toMatchObject([{ event: 'agent_update', rev: expect.any(Number) }])
  })

  test('is told by a watch without a hub whose connection to the channel broke', async () => {
    const world = await World.make(REDIS_ALONE)
    const watch = await follow(world)
    const client = await world.redis.client()
    const listeners = async (): Promise<string[]> => String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).match(/^id=\d+/gm) ?? []
    const before = await listeners()
    expect(before).toHaveLength(1)
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await soon(async () => (await listeners()).some((id) => !before.includes(id)))
    await world.ok('publish', '{"event":"told","n":1}')
    await soon(() => published(watch).length === 1)
  })
})

test.each([REDIS_ALONE, FILES_ALONE])('a program that is done with a watch of its own, with $name, ends by itself', async (setUp) => {
  const world = await World.make(setUp)
  const library = new URL('../../dist/index.js', import.meta.url).href
  const text = `
    const { openMemory } = await import(${JSON.stringify(library)})
    const open = () => openMemory({ root: ${JSON.stringify(world.root)}, ...(process.env.REDIS_URL === undefined ? {} : { redisUrl: process.env.REDIS_URL }) })
    const writer = await open()
    for (let n = 0; n < 10; n++) {
      const memory = await open()
      const watch = memory.watch()[Symbol.asyncIterator]()
      let isTold = false
      const told = watch.next().then(() => (isTold = true))
      while (!isTold) await Promise.race([told, writer.updateAgentContext('mary', { n })])
      await watch.return()
      await memory.close()
    }
    await writer.close()`
  const program = spawn(process.execPath, ['--input-type=module', '-e', text], { env: environmentOf({ root: world.root, ...(setUp.redis && { redis: world.redis.url }) }), stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(program, 'exit')
  await soon(() => program.exitCode !== null || program.signalCode !== null, 'its end').finally(() => program.kill('SIGKILL'))
  expect(await ended).toEqual([0, null])
})

test.each(['before', 'after'])('a watch that begins %s its hub is suspended tells what Redis takes meanwhile, and goes on when the hub does', async (when) => {
  const world = await World.make(REDIS_AND_HUB)
  const early = when === 'before' ? await follow(world) : null
  world.hub!.signal('SIGSTOP')
  const watch = early ?? (await follow(world))
  await write(world, names('past', 3))
  await tells(watch, names('past', 3))
  world.hub!.signal('SIGCONT')
  await soon(async () => (await world.run('hub', 'status')).code === 0, 'the hub answers')
  await write(world, names('by', 3))
  expectOrder(await tells(watch, [...names('past', 3), ...names('by', 3)]))
})
