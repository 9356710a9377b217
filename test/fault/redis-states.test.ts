/** Each way in which a Redis can be there and not there, made by a real server: what commands say then, and what is there after. */
import { describe, expect, test } from 'vitest'
import type { Ran } from '../support/program.js'
import { Proxy } from '../support/proxy.js'
import type { RedisServer } from '../support/redis.js'
import { startRedis } from '../support/redis.js'
import { type AgentRecord, REDIS_AND_HUB, soon, World } from '../support/world.js'

type Client = Awaited<ReturnType<RedisServer['client']>>

interface State {
  name: string
  /** What the server, or the way to it, is made to be; `admin` is connected from before. */
  harm: (server: RedisServer, admin: Client) => Promise<unknown>
  mend: (server: RedisServer, admin: Client) => Promise<unknown>
  args?: readonly string[]
  password?: string
  /** In what status says. */
  reason: RegExp
}

/** A command that takes longer hangs; what it takes on a quiet machine is in the documentation. */
const HANGS_MS = 5_000

const set = (...settings: string[]) => (_: unknown, admin: Client): Promise<unknown> => admin.config('SET', ...(settings as [string, string]))

/** As after a restart of everything but the server. */
const sendAllAway = async (admin: Client): Promise<void> => {
  for (const type of ['normal', 'pubsub']) await admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')
}

const STATES: State[] = [
  {
    name: 'killed, so that nobody listens',
    harm: (server) => server.kill('SIGKILL'),
    mend: (server) => server.restart(),
    reason: /nobody listens|closed the connection/,
  },
  {
    name: 'stopped, so that it takes connections and never answers',
    harm: (server) => server.kill('SIGSTOP'),
    mend: (server) => server.kill('SIGCONT'),
    reason: /did not answer within 200 ms/,
  },
  {
    name: 'loading its data',
    args: ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'],
    harm: async (server, admin) => {
      await admin.call('DEBUG', 'POPULATE', '3000', 'others', '2000')
      await admin.config('SET', 'key-load-delay', '10000')
      const loader = await server.client()
      loader.call('DEBUG', 'RELOAD').catch(() => undefined) // answers when it is done
      await soon(async () => (await admin.get('x').then(String, String)).includes('LOADING'), 'a Redis that is loading')
    },
    mend: set('key-load-delay', '0'),
    reason: /is loading its data|did not answer/,
  },
  {
    name: 'a read-only replica',
    harm: (_, admin) => admin.call('REPLICAOF', '127.0.0.1', '1'),
    mend: (_, admin) => admin.call('REPLICAOF', 'NO', 'ONE'),
    reason: /read-only replica/,
  },
  {
    name: 'out of clients',
    harm: async (_, admin) => {
      await admin.config('SET', 'maxclients', '1')
      await sendAllAway(admin)
    },
    mend: set('maxclients', '1000'),
    reason: /no connection left|closed the connection/,
  },
  {
    name: 'with another password than ours',
    password: 'ours',
    harm: async (_, admin) => {
      await admin.config('SET', 'requirepass', 'theirs')
      await sendAllAway(admin)
    },
    mend: set('requirepass', 'ours'),
    reason: /refuses the password/,
  },
  {
    name: 'with a password, and we have none',
    harm: async (_, admin) => {
      await admin.config('SET', 'requirepass', 'theirs')
      await sendAllAway(admin)
    },
    mend: set('requirepass', ''),
    reason: /wants a password/,
  },
  {
    name: 'full, and may evict nothing',
    harm: set('maxmemory', '1'),
    mend: set('maxmemory', '0'),
    reason: /no memory left/,
  },
]

async function worldOf({ args, password }: State): Promise<World> {
  const server = await startRedis({ aof: true, ...(args !== undefined && { args }), ...(password !== undefined && { password }) })
  const world = await World.around(server)
  await world.startHub()
  return world
}

async function timed(running: Promise<Ran>): Promise<Ran & { ms: number }> {
  const began = performance.now()
  return { ...(await running), ms: performance.now() - began }
}

describe.each(STATES)('a Redis that is $name', (state) => {
  test('is done without, at once and honestly, and has everything once and in order when it is back', async () => {
    const world = await worldOf(state)
    const admin = await world.redis.client()
    await world.ok('set', 'mary', 'n+=1', 'order=before')
    const before = await world.quiet()
    await state.harm(world.redis, admin)

    const told: { rev: number | null; durability: string; pending: number }[] = []
    for (const order of [1, 2, 3]) {
      const { code, stdout, stderr, ms } = await timed(world.run('set', 'mary', 'n+=1', `order=${order}`, '--json'))
      expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
      expect(ms).toBeLessThan(HANGS_MS)
      told.push(JSON.parse(stdout) as (typeof told)[number])
    }
    expect(told).toMatchObject([1, 2, 3].map((pending) => ({ durability: 'file', pending })))
    for (const [args, code] of [
      [['update', 'gg', 'busy'], 0],
      [['record', 'mary', 'T1', 'done', '{"ok":true}'], 0],
      [['get', 'agents.mary.context.order'], 0],
      [['set', 'mary', 'n+=1', '--if-rev', String(before.agents['mary']!.rev)], 69],
      [['sync'], 69],
    ] as const) {
      const ran = await timed(world.run(...args))
      expect({ args, code: ran.code, said: ran.stderr }).toMatchObject({ args, code })
      expect(ran.ms).toBeLessThan(HANGS_MS)
    }
    const status = await timed(world.run('status', '--json'))
    expect(JSON.parse(status.stdout)).toMatchObject({ pending: 5 })
    expect(String((JSON.parse(status.stdout) as { redisReason?: unknown }).redisReason ?? null)).toMatch(state.reason)
    const health = await timed(world.run('health'))
    expect(health.code).toBe(1)
    expect(Math.max(status.ms, health.ms)).toBeLessThan(HANGS_MS)

    const hub = world.hub!.pid
    await state.mend(world.redis, admin)
    await soon(async () => (await world.agentsInRedis())['gg']?.status === 'busy', 'a Redis that has what waited')
    const after = await world.quiet()
    expect(after.agents['mary']).toMatchObject({ context: { n: 4, order: 3, last_task: 'T1', totals: { count: 1 } } })
    expect(after['rev']).toBeGreaterThan(before['rev'] as number)
    expect((await world.json<{ rev: number; durability: string }>('set', 'mary', 'n+=1')).durability).toBe('redis')
    expect(await world.json('hub', 'status')).toMatchObject({ running: true, pid: hub, status: { redis: 'online', pending: 0 } })
    const revs = (await world.ok('log', '--agent', 'mary', '--json')).trimEnd().split('\n').map((line) => (JSON.parse(line) as { rev: number }).rev)
    expect(revs).toEqual([...new Set(revs)].sort((a, b) => a - b))
  })
})

test('a Redis that evicts agents gets them back, as they were', async () => {
  const world = await World.make(REDIS_AND_HUB)
  for (const agent of ['mary', 'gg', 'gc']) await world.ok('set', agent, 'n+=1', `is=${agent}`)
  await world.ok('remove', 'gc')
  const before = await world.quiet()
  const admin = await world.redis.client()
  await admin.config('SET', 'maxmemory-policy', 'allkeys-random')
  await admin.config('SET', 'maxmemory', '1')
  await soon(async () => {
    await admin.config('SET', 'maxmemory', '1')
    await admin.set('others', 'x').catch(() => undefined)
    return (await admin.exists('memory:agents:mary', 'memory:agents:gg')) < 2
  }, 'an agent that is evicted')
  await admin.config('SET', 'maxmemory', '0')
  const agents = await soon(async () => {
    const found = await world.agentsInRedis()
    return found['mary'] !== undefined && found['gg'] !== undefined ? found : null
  }, 'agents that are put back')
  expect(Object.keys(agents).sort()).toEqual(['gg', 'mary'])
  const after = await world.quiet()
  const fieldsOf = ({ rev: _, ...fields }: AgentRecord): object => fields
  for (const agent of ['mary', 'gg']) expect(fieldsOf(after.agents[agent]!)).toEqual(fieldsOf(before.agents[agent]!))
  expect(after['rev']).toBeGreaterThanOrEqual(before['rev'] as number)
})

/** Hubs that come to Redis through proxies. */
async function worldBehind(proxy: Proxy, server: RedisServer): Promise<World> {
  return World.around(server, { redis: proxy.url })
}

describe('behind a link', () => {
  test('that is slow a write says that it is here, and is there when the link is well again', async () => {
    const server = await startRedis({ aof: true })
    const proxy = await Proxy.to(server.socketPath)
    const world = await worldBehind(proxy, server)
    await world.startHub()
    await world.ok('set', 'mary', 'n+=1')
    proxy.delayMs = 400 // each way: more than a server on this machine may take
    const { ms, stdout } = await timed(world.run('set', 'mary', 'n+=1', '--json'))
    expect(JSON.parse(stdout)).toMatchObject({ durability: 'file' })
    expect(ms).toBeLessThan(HANGS_MS)
    proxy.delayMs = 0
    await soon(async () => (await world.agentsInRedis())['mary']?.context?.['n'] === 2)
    expect((await world.quiet()).agents['mary']).toMatchObject({ context: { n: 2 } })
  })

  test.each([
    ['a hub', true],
    ['no hub', false],
  ])('that breaks after the commit and before the answer, with %s, each write is done once', async (_, hub) => {
    const server = await startRedis({ aof: true })
    const proxy = await Proxy.to(server.socketPath)
    const world = await worldBehind(proxy, server)
    if (hub) await world.startHub()
    await world.ok('set', 'mary', 'n+=1')
    for (let n = 2; n <= 5; n++) {
      proxy.losesAnswerTo = { text: '"t"', times: 1 } // only a commit carries a change
      const { code } = await world.run('set', 'mary', 'n+=1', '--json')
      expect(code).toBe(0)
    }
    expect(proxy.lost).toBeGreaterThan(0)
    proxy.losesAnswerTo = null
    expect((await world.quiet()).agents['mary']).toMatchObject({ context: { n: 5 } })
  })
})

describe('two hosts on one Redis, cut off from each other', () => {
  test('both go on, and agree on everything when they meet again', async () => {
    const server = await startRedis({ aof: true })
    const proxies = [await Proxy.to(server.socketPath), await Proxy.to(server.socketPath)] as const
    const [one, two] = [await worldBehind(proxies[0], server), await worldBehind(proxies[1], server)]
    for (const world of [one, two]) await world.startHub()
    await one.ok('set', 'mary', 'n+=1', 'shared=before')
    await two.showsInFile({ agents: { mary: { context: { shared: 'before' } } } })
    proxies[0].cut()
    await one.ok('set', 'mary', 'n+=10', 'one=1', 'shared=one')
    await one.ok('remove', 'ghost').catch(() => undefined)
    await two.ok('set', 'mary', 'n+=100', 'two=2', 'shared=two')
    await two.ok('set', 'late', 'x=1')
    proxies[1].cut()
    await two.ok('set', 'mary', 'n+=1000', 'offline=2')
    proxies[0].mend()
    proxies[1].mend()
    const context = { n: 1111, one: 1, two: 2, offline: 2, shared: 'two' }
    for (const world of [one, two]) await world.showsInFile({ agents: { mary: { context }, late: { context: { x: 1 } } } })
    expect((await one.quiet()).agents).toEqual((await two.quiet()).agents)
    const conflicts = (await one.ok('log', '--agent', 'mary', '--json')).split('\n').filter((line) => line.includes('"conflict"'))
    expect(conflicts.join(), 'the loser is in the history').toContain('"one"')
  })
})

test('file and Redis that both moved on while no hub ran, and a script that writes back an old copy, lose nothing', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await world.ok('set', 'mary', 'a=1', 'b=1')
  await world.ok('set', 'gg', 'x=1')
  const old = await world.quiet()
  world.hub!.signal('SIGTERM')
  await world.hub!.ended()
  const client = await world.redis.client()
  await client.hset('memory:agents:gg', 'insight', 'from a script')
  await world.write({ ...old, agents: { ...old.agents, mary: { ...old.agents['mary']!, hand: 'edit' } } })
  await world.startHub()
  await world.showsInFile({ agents: { mary: { hand: 'edit', context: { a: 1, b: 1 } }, gg: { insight: 'from a script' } } })
  await world.ok('set', 'mary', 'b=2', 'c=3')
  await world.quiet()
  await world.write({ ...old, agents: { ...old.agents, gg: { ...old.agents['gg']!, script: 'old copy' } } })
  await world.showsInFile({ agents: { mary: { hand: 'edit', context: { a: 1, b: 2, c: 3 } }, gg: { insight: 'from a script', script: 'old copy' } } })
  expect(Object.keys((await world.quiet()).agents).sort()).toEqual(['gg', 'mary'])
})
