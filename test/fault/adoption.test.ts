import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { CONTEXT_2025, leaveContext2025 } from '../support/context-2025.js'
import { type AgentRecord, FILES_ALONE, type JsonObject, REDIS_ALONE, REDIS_AND_HUB, SET_UPS, World } from '../support/world.js'

const jq = (filter: string, input: string): string => execFileSync('jq', ['-c', filter], { input, encoding: 'utf8' })

describe.each(SET_UPS)('a context of 2025 with $name', (setUp) => {
  test('is shown as it was left before anything was written', async () => {
    const world = await World.make(setUp, { before: leaveContext2025 })
    const shown = await world.ok('get')
    expect(jq('.agents', shown)).toBe(jq('.agents', CONTEXT_2025))
    expect(agentsText(shown)).toBe(agentsText(CONTEXT_2025))
  })

  test('is taken in with every member of its own, and only what was changed gets a revision', async () => {
    const world = await World.make(setUp, { before: leaveContext2025 })
    await world.ok('update', 'rnd', 'idle')
    const context = await world.quiet()
    const { agents, last_update: _, rev, ...rest } = JSON.parse(CONTEXT_2025) as JsonObject
    expect(context).toMatchObject(rest)
    expect(rev).toBeUndefined()
    expect(context['rev']).toBeGreaterThan(0)
    const { rnd, ...others } = context.agents
    expect(rnd).toMatchObject({ status: 'idle', tags: ['a', {}, []], rev: expect.any(Number) })
    const { rnd: wasRnd, ...wereOthers } = agents as Record<string, AgentRecord>
    expect(wasRnd?.['tags']).toEqual(rnd?.['tags'])
    expect(others).toEqual(wereOthers)
    expect(Object.keys(context.agents)).toEqual(Object.keys(agents as JsonObject))
    expect(jq('del(.agents.rnd) | .agents', await world.ok('get'))).toBe(jq('del(.agents.rnd) | .agents', CONTEXT_2025))
  })

  test('keeps the text of its numbers in the file and in Redis', async () => {
    const world = await World.make(setUp, { before: leaveContext2025 })
    await world.ok('set', 'mary', 'seen=true')
    await world.quiet()
    const text = await world.text()
    for (const part of ['"score": 1.10', '"quota": 12345678901234567890', '"hook_success_rate": 1E2']) expect(text).toContain(part)
    expect(text.indexOf('"10": "ten"')).toBeLessThan(text.indexOf('"2": "two"'))
    if (world.server === undefined) return
    const client = await world.redis.client()
    expect(await client.hget('memory:agents:mary', 'quota')).toBe('12345678901234567890')
    expect(await client.hget('memory:agents:mary', 'context')).toContain('"score":1.10,"10":"ten","2":"two"')
  })

  test('takes a conditional write at revision 0 where a record was never changed, once', async () => {
    const world = await World.make(setUp, { before: leaveContext2025 })
    await world.ok('set', 'gc', 'a=1', '--if-rev', '0')
    const again = await world.run('set', 'gc', 'a=2', '--if-rev', '0', '--json')
    expect(again).toMatchObject({ code: 20, stderr: '' })
    await world.ok('set', 'gg', 'b=1', '--if-rev', '0')
    const { agents } = await world.quiet()
    expect(agents['gc']).toMatchObject({ status: 'active', context: { a: 1 } })
    expect(agents['gg']).toMatchObject({ status: 'active', context: { b: 1 } })
  })
})

test('a hub that is started again changes nothing in a context of 2025', async () => {
  const world = await World.make(REDIS_AND_HUB, { before: leaveContext2025 })
  await world.ok('update', 'gc', 'active')
  const before = await world.quiet()
  world.hub?.signal('SIGTERM')
  expect(await world.hub?.ended()).toMatchObject({ code: 0 })
  await world.startHub()
  expect(await world.quiet()).toEqual(before)
  expect(before.agents['mary']).not.toHaveProperty('rev')
})

/** The earliest time that a Date can be; to write it with the offset of New York takes an earlier one. */
const EARLIEST = '-271821-04-20T00:00:00Z'
const WEST = { env: { TZ: 'America/New_York' } }

test('a record that says to be as old as a time can be is taken in, with files only', async () => {
  const world = await World.make(FILES_ALONE, {
    before: async (root) => {
      await mkdir(`${root}/shared_memory`)
      await writeFile(`${root}/shared_memory/context.json`, JSON.stringify({ version: '1.0', agents: { gc: { status: 'active', last_update: EARLIEST } } }))
    },
  })
  for (const args of [['update', 'rnd', 'idle'], ['agents'], ['log']]) expect(await world.runWith(WEST, ...args)).toMatchObject({ code: 0, stderr: '' })
  expect((await world.context()).agents).toMatchObject({ gc: { status: 'active', last_update: EARLIEST }, rnd: { status: 'idle' } })
})

test('a record that says to be as old as a time can be is taken in out of Redis', async () => {
  const world = await World.make(REDIS_ALONE)
  await world.ok('update', 'rnd', 'idle')
  await (await world.redis.client()).hset('memory:agents:gc', { status: 'active', last_update: EARLIEST })
  for (const command of ['sync', 'agents', 'log']) expect(await world.runWith(WEST, command)).toMatchObject({ code: 0, stderr: '' })
  expect((await world.context()).agents).toMatchObject({ gc: { status: 'active', last_update: EARLIEST } })
})

/** The agents as text: jq would round the numbers. */
function agentsText(document: string): string {
  const from = document.indexOf('"agents": {')
  return document.slice(from, document.indexOf('\n  }', from))
}
