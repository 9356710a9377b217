import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runs } from '../support/budget.js'
import { FILES_AND_HUB, type JsonObject, REDIS_AND_HUB, type SetUp, soon, World } from '../support/world.js'

class Inbox {
  private constructor(readonly world: World) {}

  static async make(setUp: SetUp): Promise<Inbox> {
    const inbox = new Inbox(await World.make(setUp))
    mkdirSync(`${inbox.folder()}/inbox`, { recursive: true })
    return inbox
  }

  folder(): string {
    return `${this.world.root}/bridge/memory`
  }

  drop(name: string, text: string): void {
    writeFileSync(`${this.folder()}/inbox/${name}`, text)
  }

  list(where: 'inbox' | 'processed' | 'processed/rejected'): string[] {
    try {
      return readdirSync(`${this.folder()}/${where}`).filter((name) => name !== 'rejected')
    } catch {
      return []
    }
  }

  isEmpty(): Promise<unknown> {
    return soon(() => this.list('inbox').length === 0, 'an empty inbox')
  }

  /** How many changes there were of an agent. */
  async changes(): Promise<JsonObject[]> {
    const lines = (await this.world.ok('log')).split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as JsonObject)
  }
}

const contextOf = async (world: World, agent: string): Promise<JsonObject> =>
  (JSON.parse(await world.ok('get', '--agent', agent)) as { context: JsonObject }).context

describe.each([REDIS_AND_HUB, FILES_AND_HUB])('with $name', (setUp) => {
  test('a hub that is killed again and again while drops come takes each of them in, once', async () => {
    const inbox = await Inbox.make(setUp)
    const count = runs(200, 60)
    const names = Array.from({ length: count }, (_, n) => `a${n % 3}_k${n}_${1762909000 + n}.json`)
    let dropped = 0
    for (let life = 0; life < 4; life++) {
      const until = Math.ceil((count * (life + 1)) / 4)
      for (; dropped < until; dropped++) inbox.drop(names[dropped] ?? '', `{"n":${dropped}}`)
      const enough = inbox.list('processed').length + 2 + life * 3
      await soon(() => inbox.list('processed').length >= enough || inbox.list('inbox').length === 0)
      inbox.world.hub?.signal('SIGKILL')
      await inbox.world.hub?.ended()
      await inbox.world.startHub()
    }
    await inbox.isEmpty()
    expect(inbox.list('processed').sort()).toEqual([...names].sort())
    const { agents } = JSON.parse(await inbox.world.ok('get')) as { agents: { [name: string]: { context: JsonObject } } }
    const values = Object.values(agents).flatMap(({ context }) => Object.values(context)).map((value) => (value as JsonObject)['n'])
    expect(values.sort((a, b) => Number(a) - Number(b))).toEqual(names.map((_, n) => n))
    const changes = await inbox.changes()
    expect(changes).toHaveLength(count)
  })
})

test('many drops at once are each taken in, once, and told', async () => {
  const inbox = await Inbox.make(REDIS_AND_HUB)
  const count = runs(1_000, 60)
  const watch = inbox.world.start('watch', '--event', 'new_data', '--count', String(count), '--timeout', '50')
  await soon(() => watch.stderr().includes('watching'))
  for (let n = 0; n < count; n++) inbox.drop(`gc_k${n}_1762909092.json`, `${n}`)
  const { code, stdout } = await watch.ended()
  expect(code).toBe(0)
  const files = stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { file: string }).file)
  expect(new Set(files).size).toBe(count)
  const context = await contextOf(inbox.world, 'gc')
  expect(Object.keys(context)).toHaveLength(count)
  expect(context[`k${count - 1}`]).toBe(count - 1)
  expect(await inbox.changes()).toHaveLength(count)
})

test('an agent with _ in its name gets its drops from the moment on at which it is known', async () => {
  const inbox = await Inbox.make(REDIS_AND_HUB)
  inbox.drop('code_reviewer_context_1.json', '{"a":1}')
  await inbox.isEmpty()
  await inbox.world.ok('update', 'code_reviewer', 'active')
  inbox.drop('code_reviewer_context_2.json', '{"a":2}')
  await inbox.isEmpty()
  expect(await contextOf(inbox.world, 'code')).toEqual({ reviewer_context: { a: 1 } })
  expect(await contextOf(inbox.world, 'code_reviewer')).toEqual({ a: 2 })
})

test('a drop that comes back, as after a crash between write and move, changes nothing; other content under its name does', async () => {
  const inbox = await Inbox.make(FILES_AND_HUB)
  inbox.drop('gc_context_5.json', '{"a":1}')
  await inbox.isEmpty()
  await inbox.world.ok('set', 'gc', 'a=2')
  renameSync(`${inbox.folder()}/processed/gc_context_5.json`, `${inbox.folder()}/inbox/gc_context_5.json`)
  await inbox.isEmpty()
  expect(await contextOf(inbox.world, 'gc')).toEqual({ a: 2 })
  inbox.drop('gc_context_5.json', '{"b":3}')
  await inbox.isEmpty()
  expect(await contextOf(inbox.world, 'gc')).toEqual({ a: 2, b: 3 })
  expect(inbox.list('processed').sort()).toEqual(['gc_context_5.2.json', 'gc_context_5.json'])
})

const HOSTILE: readonly [string, string][] = [
  ['no_epoch.json', '{}'],
  ['$(touch x)_context_5.json', '{}'],
  ["o'neil_context_5.json", '{}'],
  ['__proto___context_7.json', '{}'],
  ['current\nwork_context_8.json', '{}'],
  [`${'n'.repeat(65)}_context_9.json`, '{}'],
  ['gc_context_10.json', '[1,2]'],
  ['gc_result_11.json', '{"cut":'],
  ['gc_result_12.json', ''],
]

test('what cannot be taken is kept apart, each with its reason beside it, and holds up nobody', async () => {
  const inbox = await Inbox.make(FILES_AND_HUB)
  const before = readdirSync(inbox.world.root).sort()
  for (const [name, text] of HOSTILE) inbox.drop(name, text)
  // With a dot before its name a file is one that somebody is still writing.
  inbox.drop('.._context_6.json', '{}')
  inbox.drop('gc_context_13.json', '{"__proto__":{"x":1},"fine":true}')
  await soon(async () => (await inbox.world.run('get', '--agent', 'gc')).stdout.includes('fine'))
  await soon(() => inbox.list('inbox').length === 1)
  expect(inbox.list('inbox')).toEqual(['.._context_6.json'])
  const kept = HOSTILE.flatMap(([name]) => [name, `${name}.reason`]).sort()
  await soon(() => inbox.list('processed/rejected').length === kept.length)
  expect(inbox.list('processed/rejected').sort()).toEqual(kept)
  for (const [name, text] of HOSTILE) {
    expect(readFileSync(`${inbox.folder()}/processed/rejected/${name}`, 'utf8')).toBe(text)
    expect(readFileSync(`${inbox.folder()}/processed/rejected/${name}.reason`, 'utf8')).toMatch(/name|JSON/)
  }
  expect(Object.keys((JSON.parse(await inbox.world.ok('get')) as { agents: object }).agents)).toEqual(['gc'])
  expect(readdirSync(inbox.world.root).sort()).toEqual(before)
})

test('a folder of drops that is moved in as a whole, and links, are left alone', async () => {
  const inbox = await Inbox.make(FILES_AND_HUB)
  mkdirSync(`${inbox.world.root}/elsewhere`)
  writeFileSync(`${inbox.world.root}/elsewhere/gc_context_1.json`, '{"a":1}')
  cpSync(`${inbox.world.root}/elsewhere`, `${inbox.folder()}/inbox/gc_context_2.json`, { recursive: true })
  inbox.drop('gc_context_3.json', '{"b":1}')
  await soon(() => inbox.list('processed').length === 1)
  expect(await contextOf(inbox.world, 'gc')).toEqual({ b: 1 })
  expect(inbox.list('inbox')).toEqual(['gc_context_2.json'])
})
