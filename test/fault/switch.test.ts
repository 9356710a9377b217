import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { agentTarget } from '../../src/domain/operation.js'
import { REDIS_ALONE, REDIS_AND_HUB, type SetUp, soon, World } from '../support/world.js'

type Fault = (world: World) => Promise<void>

const FAULTS: [string, Fault, Fault][] = [
  ['stopped and continued', (world) => world.redis.kill('SIGSTOP'), (world) => world.redis.kill('SIGCONT')],
  ['killed and started again', (world) => world.redis.kill('SIGKILL'), (world) => world.redis.restart()],
  [
    'killed and started again without its data',
    (world) => world.redis.kill('SIGKILL'),
    (world) => world.redis.restart({ wipe: true }),
  ],
  ['emptied by FLUSHALL', flushAll, () => Promise.resolve()],
]

async function flushAll(world: World): Promise<void> {
  const client = await world.redis.client()
  await client.flushall()
  client.disconnect()
}

interface Writer {
  /** Acknowledged additions. */
  acknowledged: () => number
  durabilities: Set<string>
  stop: () => Promise<void>
}

/** Adds 1 to a number of its agent and sets a field of its own, again and again. */
async function startWriter(world: World, agent: string): Promise<Writer> {
  const memory = await world.memory()
  const durabilities = new Set<string>()
  let acknowledged = 0
  const stop = new AbortController()
  const done = (async () => {
    while (!stop.signal.aborted) {
      const edits = [
        { do: 'add' as const, path: '/context/n', by: '1' },
        { do: 'set' as const, path: `/context/k${acknowledged + 1}`, value: 'true' },
      ]
      const outcome = await memory.write({ target: agentTarget(agent), kind: 'set', edits, by: agent })
      if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`)
      acknowledged++
      durabilities.add(outcome.durability)
    }
  })()
  let failure: Error | undefined
  done.catch((error: Error) => (failure = error))
  return {
    acknowledged: () => {
      if (failure !== undefined) throw failure
      return acknowledged
    },
    durabilities,
    stop: () => {
      stop.abort()
      return done
    },
  }
}

/** Every writer has gone on by so many writes. */
async function goOn(writers: readonly Writer[], by = 5): Promise<void> {
  const before = writers.map(({ acknowledged }) => acknowledged())
  await soon(() => {
    const now = writers.map(({ acknowledged }) => acknowledged())
    if (now.every((count, i) => count >= before[i]! + by)) return true
    throw new Error(`they went from ${before.join(', ')} to ${now.join(', ')}`)
  }, 'writers that go on')
}

function contextOf(count: number): object {
  return { n: count, ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i + 1}`, true])) }
}

async function expectAllOnce(world: World, writers: ReadonlyMap<string, Writer>): Promise<void> {
  const { agents } = await world.quiet()
  for (const [agent, { acknowledged }] of writers) {
    expect(agents[agent]?.context, agent).toEqual(contextOf(acknowledged()))
  }
}

async function writersOf(world: World): Promise<Map<string, Writer>> {
  const writers = new Map<string, Writer>()
  for (const agent of ['one', 'two', 'three']) writers.set(agent, await startWriter(world, agent))
  return writers
}

describe.each([REDIS_AND_HUB, REDIS_ALONE])('with $name, a Redis', (setUp: SetUp) => {
  test.each(FAULTS)('%s while writers write loses nothing and doubles nothing', async (_, harm, mend) => {
    const world = await World.make(setUp)
    await world.ok('set', 'bystander', 'a=1')
    const writers = await writersOf(world)
    const all = [...writers.values()]
    await goOn(all)
    await harm(world)
    await goOn(all)
    await mend(world)
    await goOn(all)
    for (const writer of all) await writer.stop()
    await expectAllOnce(world, writers)
    expect((await world.quiet()).agents['bystander']).toMatchObject({ context: { a: 1 } })
  })

  test('that is away: a plain write says that it is here, and a conditional one is refused', async () => {
    const world = await World.make(setUp)
    const { rev } = await world.json<{ rev: number }>('set', 'mary', 'a=1')
    for (const away of ['SIGSTOP', 'SIGKILL'] as const) {
      await world.redis.kill(away)
      expect(await world.json('set', 'gg', `${away}=1`)).toMatchObject({ ok: true, durability: 'file' })
      const refused = await world.run('set', 'mary', 'b=2', '--if-rev', String(rev), '--json')
      expect(refused).toMatchObject({ code: 69, stderr: '' })
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'unavailable' } })
      expect((await world.run('set', 'fresh', 'b=2', '--if-rev', '0')).code).toBe(69)
    }
    await world.redis.restart()
    const { agents } = await world.quiet()
    expect(agents['mary']?.context).toEqual({ a: 1 })
    expect(agents['gg']?.context).toEqual({ SIGSTOP: 1, SIGKILL: 1 })
    expect(agents).not.toHaveProperty('fresh')
  })
})

describe('a hub that is stopped', () => {
  test('is passed by, and what it was given is not done twice when it goes on', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'mary', 'n+=1')
    world.hub!.signal('SIGSTOP')
    expect(await world.json('set', 'mary', 'n+=1')).toMatchObject({ ok: true, durability: 'redis', pending: 0 })
    expect((await world.agentsInRedis())['mary']).toMatchObject({ context: { n: 2 } })
    expect(await world.ok('get', 'agents.mary.context.n')).toBe('2\n')
    world.hub!.signal('SIGCONT')
    await world.showsInFile({ agents: { mary: { context: { n: 2 } } } })
    expect(await world.json('set', 'mary', 'n+=1')).toMatchObject({ ok: true, durability: 'redis' })
    expect((await world.quiet()).agents['mary']).toMatchObject({ context: { n: 3 } })
  })

  test('in the middle of writes costs none of them, and none is done twice', async () => {
    const world = await World.make(REDIS_AND_HUB)
    const writers = await writersOf(world)
    const all = [...writers.values()]
    await goOn(all)
    for (let round = 0; round < 3; round++) {
      world.hub!.signal('SIGSTOP')
      await goOn(all, 5)
      world.hub!.signal('SIGCONT')
      await goOn(all, 5)
    }
    for (const writer of all) await writer.stop()
    await expectAllOnce(world, writers)
  })

  test.each([['with Redis', false], ['with Redis away', true]])('%s: what follows a write that was done without it is not done again', async (_, isAway) => {
    const world = await World.make(REDIS_AND_HUB)
    const recording = (task: string): string[] => ['record', 'mary', task, 'done', '--learning', `of ${task}`]
    for (const status of ['first', 'second']) await world.ok('update', 'mary', status) // from the second on, the hub does it
    for (const task of ['T1', 'T2']) await world.ok(...recording(task))
    if (isAway) await world.redis.kill('SIGKILL')
    world.hub!.signal('SIGSTOP')
    await world.ok('update', 'mary', 'third')
    await world.ok(...recording('T3'))
    world.hub!.signal('SIGCONT')
    await soon(async () => expect(await world.json('set', 'mary', 'n=1')).toMatchObject({ ok: true }))
    world.hub!.signal('SIGTERM') // it finishes what it was given
    await world.hub!.ended()
    expect((await statusesIn(`${world.root}/bridge/memory/outbox`)).sort()).toEqual(['first', 'second', 'third'])
    const ledger = await readFile(`${world.root}/g/memory/ledger/mary_memory.jsonl`, 'utf8')
    expect(ledger.trim().split('\n').map((line) => (JSON.parse(line) as { learning: string }).learning)).toEqual(['of T1', 'of T2', 'of T3'])
  })

  test('is named by sync, which cannot work beside it, with what can be done', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'mary', 'n=1')
    world.hub!.signal('SIGSTOP')
    const { code, stdout } = await world.run('sync', '--json')
    world.hub!.signal('SIGCONT')
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; suggestions: string[]; details: object } }
    expect([code, error.code, error.details]).toEqual([69, 'unavailable', { keeper: world.hub!.pid }])
    expect(error.message).toContain(`pid ${world.hub!.pid}`)
    for (const way of ['repeat', 'memory_sync hub status', 'memory_sync hub stop']) expect(error.suggestions.join('; ')).toContain(way)
    await soon(async () => expect(await world.json('sync')).toMatchObject({ ok: true, equal: true }))
  })

  test('with Redis away too: the write is kept on this machine, says so, and is sent later', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'mary', 'n+=1')
    world.hub!.signal('SIGSTOP')
    await world.redis.kill('SIGSTOP')
    expect(await world.json('set', 'mary', 'n+=1')).toMatchObject({ ok: true, durability: 'file', pending: 1 })
    await world.redis.kill('SIGCONT')
    world.hub!.signal('SIGCONT')
    await soon(async () => (await world.agentsInRedis())['mary']?.context?.['n'] === 2)
    expect((await world.quiet()).agents['mary']).toMatchObject({ context: { n: 2 } })
  })
})

describe('a sync is the first that a root does', () => {
  test('with what is in Redis', async () => {
    const first = await World.make(REDIS_ALONE)
    await first.ok('set', 'mary', 'n=1')
    const world = await World.around(first.redis)
    expect(await world.json('sync')).toMatchObject({ ok: true, agents: 1, equal: true })
    expect((await world.context()).agents['mary']).toMatchObject({ context: { n: 1 } })
  })

  test('with nothing on both sides', async () => {
    expect(await (await World.make(REDIS_ALONE)).json('sync')).toMatchObject({ ok: true, agents: 0, equal: true })
  })
})

async function statusesIn(outbox: string): Promise<string[]> {
  const texts = await Promise.all((await readdir(outbox)).map((name) => readFile(`${outbox}/${name}`, 'utf8')))
  return texts.map((text) => (JSON.parse(text) as { status: string }).status)
}
