import { describe, expect, test } from 'vitest'
import type { Ran } from '../support/program.js'
import {
  type Context,
  FILES_ALONE,
  FILES_AND_HUB,
  REDIS_ALONE,
  REDIS_AND_HUB,
  SET_UPS,
  type SetUp,
  World,
} from '../support/world.js'

/** 200 processes take a minute on two cores: in one set-up always, in the others where time does not matter. */
const long = process.env['MEMORY_SYNC_TEST_LONG'] === '1'

const UPDATES: [number, SetUp][] = [
  ...[20, 50].flatMap((count) => SET_UPS.map((setUp): [number, SetUp] => [count, setUp])),
  [200, REDIS_AND_HUB],
  ...(long ? [REDIS_ALONE, FILES_AND_HUB, FILES_ALONE].map((setUp): [number, SetUp] => [200, setUp]) : []),
]

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)

/** The names of those whose command said that the write is kept. */
const acknowledged = (agents: readonly string[], ran: readonly Ran[]): string[] =>
  agents.filter((_, i) => ran[i]?.code === 0)

/** What was not kept has to have said so; on a machine that is only busy, everything is kept. */
function expectSilentSuccess(ran: readonly Ran[]): void {
  expect(ran.filter(({ code }) => code !== 0)).toEqual([])
  expect(ran.map(({ stdout, stderr }) => stdout + stderr).join('')).toBe('')
}

async function expectAgents(world: World, agents: readonly string[]): Promise<Context> {
  const context = await world.quiet()
  expect(Object.keys(context.agents).sort()).toEqual([...agents].sort())
  for (const name of agents) expect(context.agents[name]).toMatchObject({ status: 'active' })
  const revs = Object.values(context.agents).map(({ rev }) => rev)
  expect(new Set(revs).size, 'no two changes have one revision').toBe(agents.length)
  return context
}

describe('updates of as many agents in parallel are all kept', () => {
  test.each(UPDATES.map(([count, setUp]) => ({ count, setUp })))('$count processes, $setUp.name', async ({ count, setUp }) => {
    const world = await World.make(setUp)
    const agents = names('agent', count)
    const ran = await Promise.all(agents.map((agent) => world.run('update', agent, 'active')))
    expectSilentSuccess(ran)
    await expectAgents(world, acknowledged(agents, ran))
  })
})

describe.each(SET_UPS)('with $name', (setUp) => {
  test('fifty processes that set different fields of one agent are all kept', async () => {
    const world = await World.make(setUp)
    const fields = names('field', 50)
    const ran = await Promise.all(fields.map((field) => world.run('set', 'mary', `${field}=1`, 'n+=1')))
    expectSilentSuccess(ran)
    const { agents } = await world.quiet()
    expect(agents['mary']?.context).toEqual({ n: 50, ...Object.fromEntries(fields.map((field) => [field, 1])) })
  })
})

describe.each([REDIS_AND_HUB, REDIS_ALONE])('with $name and legacy programs in between', (setUp) => {
  test('what they write and what we write are both kept', async () => {
    const world = await World.make(setUp)
    const agents = names('agent', 20)
    const legacy = legacyWriters(world, agents)
    const ran = await Promise.all(agents.map((agent) => world.run('set', agent, 'ours=1', '--status', 'active')))
    const written = await legacy.stop()
    expectSilentSuccess(ran)
    const context = await expectAgents(world, agents)
    for (const agent of agents) {
      expect(context.agents[agent]).toMatchObject({ context: { ours: 1 }, ...written.get(agent) })
    }
    expect(await world.agentsInRedis()).toEqual(context.agents)
  })
})

interface LegacyWriters {
  /** The last thing that they wrote to each agent. */
  stop: () => Promise<Map<string, Record<string, string>>>
}

/** HSET on fields of their own, with an event at every other write, until they are stopped. */
function legacyWriters(world: World, agents: readonly string[]): LegacyWriters {
  const written = new Map<string, Record<string, string>>()
  const stop = new AbortController()
  const done = (async () => {
    const client = await world.redis.client()
    for (let n = 1; !stop.signal.aborted || written.size < agents.length; n++) {
      const agent = agents[n % agents.length]!
      const fields = { insight: `seen ${n} ครั้ง`, hook_failures: String(n) }
      await client.hset(`memory:agents:${agent}`, fields)
      written.set(agent, fields)
      const event = JSON.stringify({ agent, event: 'metrics_update', timestamp: 'x' })
      if (n % 2 === 0) await client.publish('memory:updates', event)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    client.disconnect()
  })()
  return {
    stop: async () => {
      stop.abort()
      await done
      return written
    },
  }
}
