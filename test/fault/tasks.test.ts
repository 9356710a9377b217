import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MemoryError } from '../../src/errors/errors.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { addTask } from '../../src/usecases/tasks/add.js'
import { type StepReceipt, takeStep } from '../../src/usecases/tasks/step.js'
import type { Guards, TaskSurroundings } from '../../src/usecases/tasks/surroundings.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, REDIS_ALONE, REDIS_AND_HUB, type SetUp, soon, World } from '../support/world.js'

const long = process.env['MEMORY_SYNC_TEST_LONG'] === '1'
const noGuards: Guards = { run: () => Promise.resolve(null) }

async function surroundingsOf(world: World): Promise<TaskSurroundings> {
  return {
    memory: await world.memory(),
    clock: { now: () => Date.now(), offsetMinutes: () => 0 },
    random: () => randomBytes(16).toString('hex'),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    by: 'tester',
    machine: { host: hostname(), processes: systemProcesses },
  }
}

/** `unavailable`: nobody decided, on a machine that is too busy for the budgets; then it is asked again. */
async function untilDecided<T>(attempt: () => Promise<T>): Promise<T | MemoryError> {
  for (let n = 0; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
      if (!['unavailable', 'unknown-outcome'].includes(error.code) || n === 100) return error
    }
  }
}

/** A claim reads every item: thousands of them would be another test. */
const ROUNDS_IN_A_WORLD = 50

const ROUNDS: [SetUp, number][] = [
  [REDIS_AND_HUB, long ? 1_000 : 15],
  [REDIS_ALONE, long ? 1_000 : 10],
  [FILES_AND_HUB, long ? 1_000 : 15],
  [FILES_ALONE, long ? 1_000 : 5],
]

test.each(ROUNDS.map(([setUp, rounds]) => ({ setUp, rounds })))(
  'of eight claimers of one item one wins, in every one of $rounds rounds: $setUp.name',
  { timeout: long ? 3_600_000 : 120_000 },
  async ({ setUp, rounds }) => {
    let world: World
    let claimers: TaskSurroundings[] = []
    for (let round = 0; round < rounds; round++) {
      if (round % ROUNDS_IN_A_WORLD === 0) {
        for (const { memory } of claimers) await memory.close()
        world = await World.make(setUp)
        claimers = await Promise.all(Array.from({ length: 8 }, () => surroundingsOf(world)))
      }
      const id = `R${round}`
      await untilDecided(() => addTask(claimers[0]!, { id, title: id, idempotencyKey: `add ${id}` }))
      const results = await Promise.all(
        claimers.map((surroundings, n) => {
          const agent = round % 2 === 0 ? `agent${n}` : 'mary' // also eight processes of one agent
          return untilDecided(() =>
            takeStep(surroundings, noGuards, { step: 'claim', id, agent, idempotencyKey: `claim ${id} ${n}` }),
          )
        }),
      )
      const winners = results.filter((result): result is StepReceipt => !(result instanceof MemoryError))
      const codes = results.flatMap((result) => (result instanceof MemoryError ? [result.code] : []))
      expect({ winners: winners.length, codes }).toEqual({ winners: 1, codes: Array(7).fill('held') })
      const shown = await claimers[0]!.memory.readTasks()
      const item = shown.tasks.get(id) as Map<string, unknown>
      expect(JSON.parse(item.get('owner') as string)).toBe(winners[0]?.owner)
    }
  },
)

describe.each([REDIS_AND_HUB, FILES_ALONE])('an item with $name', (setUp) => {
  test('goes its way with one owner, and is told with every step', async () => {
    const world = await World.make(setUp)
    await world.ok('task', 'add', 'A', '--title', 'first')
    await world.ok('task', 'add', 'B', 'second', '--depends-on', 'A', 'priority=P0')
    await world.ok('task', 'validate', 'A')
    const { token } = await world.json('task', 'claim', 'A', '--agent', 'mary', '--ttl', '600')
    expect((await world.run('task', 'claim', 'A', '--agent', 'rnd')).code).toBe(10)
    expect((await world.run('task', 'heartbeat', 'A', '--agent', 'mary', '--token', 'wrong')).code).toBe(12)
    expect((await world.run('task', 'complete', 'A', '--agent', 'rnd')).code).toBe(13)
    expect((await world.run('task', 'claim', 'B', '--agent', 'rnd')).stderr).toContain('B waits for A (validated)')
    await world.ok('task', 'start', 'A', '--agent', 'mary', '--token', String(token))
    await world.ok('task', 'complete', 'A', '--agent', 'mary', '--commit', '27e7220')
    expect(await world.json<JsonObject[]>('task', 'list', '--status', 'complete')).toMatchObject([
      { id: 'A', title: 'first', status: 'complete', owner: 'mary', github_commit: '27e7220' },
    ])
    expect(await world.json('task', 'list', '--status', 'in_progress')).toEqual([])
    expect(await world.json('task', 'list', '--status', 'complete', '--owner', 'rnd')).toEqual([])
    expect(await world.json('task', 'next', '--claim', '--agent', 'rnd')).toMatchObject({ id: 'B', owner: 'rnd' })
    expect((await world.run('task', 'next')).code).toBe(1)
    const lines = (await world.ok('log')).trim().split('\n').map((line) => JSON.parse(line) as JsonObject)
    expect(lines.filter(({ event, task }) => event === 'task_update' && task === 'A')).toHaveLength(5)
    expect(await world.text()).not.toContain('first')
    expect(await world.ok('log')).not.toContain(String(token))
  })
})

test.each([REDIS_AND_HUB, REDIS_ALONE, FILES_ALONE])('a step with a stale fence is refused, and nothing is written: $name', async (setUp) => {
  const world = await World.make(setUp)
  const { fence, token } = await world.json('lock', 'acquire', 'deploy', '--agent', 'mary')
  const current = ['--fence', `deploy:${Number(fence)}`]
  await world.ok('task', 'add', 'A', ...current)
  await world.ok('task', 'validate', 'A', ...current)
  await world.ok('task', 'claim', 'A', '--agent', 'mary', ...current)
  await world.ok('lock', 'release', 'deploy', '--token', String(token))
  const before = await world.json('task', 'show', 'A')
  for (const step of ['start', 'heartbeat', 'release']) {
    expect([step, (await world.run('task', step, 'A', '--agent', 'mary', ...current)).code]).toEqual([step, 14])
  }
  expect((await world.run('task', 'add', 'B', ...current)).code).toBe(14)
  expect(await world.json<JsonObject[]>('task', 'list')).toEqual([before])
  const again = await world.json('lock', 'acquire', 'deploy', '--agent', 'mary')
  expect(again['fence']).toBeGreaterThan(Number(fence))
  await world.ok('task', 'start', 'A', '--agent', 'mary', '--fence', `deploy:${Number(again['fence'])}`)
})

test('a repetition with the same key is the same claim, and tells its token again', async () => {
  const world = await World.make(REDIS_ALONE)
  await world.ok('task', 'add', 'A')
  const claim = ['task', 'claim', 'A', '--agent', 'mary', '--idempotency-key', 'k1']
  const first = await world.json(...claim)
  const again = await world.json(...claim)
  expect(again).toMatchObject({ replayed: true, token: first['token'], rev: first['rev'], owner: 'mary' })
  expect((await world.run('task', 'claim', 'A', '--agent', 'rnd', '--idempotency-key', 'k1')).code).toBe(2)
  for (const other of ['rnd', 'mary']) {
    await world.ok('task', 'release', 'A', '--force')
    await world.ok('task', 'claim', 'A', '--agent', other)
    expect([other, (await world.run(...claim)).code]).toEqual([other, 10])
  }
})

test('a claim for a process of another namespace of pids stands, one from before with the plain boot is looked at', async () => {
  const surroundings = await surroundingsOf(await World.make(FILES_ALONE))
  const { machine } = surroundings
  const here = machine.processes.find(process.pid)!
  const elsewhere = { ...here, pid: 999_999_999, boot: `${here.boot}9` }
  const plain = { ...elsewhere, boot: systemProcesses.self().boot }
  for (const [id, claimed, code] of [['A', here, 'held'], ['B', elsewhere, process.platform === 'linux' ? 'held' : undefined], ['C', plain, undefined]] as const) {
    await addTask(surroundings, { id, title: id })
    const there = { ...surroundings, machine: { ...machine, processes: { ...machine.processes, find: () => claimed } } }
    await takeStep(there, noGuards, { step: 'claim', id, agent: 'mary', whilePid: claimed.pid })
    const taken = await untilDecided(() => takeStep(surroundings, noGuards, { step: 'claim', id, agent: 'rnd' }))
    expect([id, taken instanceof MemoryError ? taken.code : undefined]).toEqual([id, code])
  }
})

test('a claim ends with the process that it was made for, and an older claim with its time', async () => {
  const world = await World.make(REDIS_ALONE)
  for (const id of ['A', 'B']) {
    await world.ok('task', 'add', id)
    await world.ok('task', 'validate', id)
  }
  const holder = world.start('watch')
  await world.ok('task', 'start', 'A', '--agent', 'mary', '--while-pid', String(holder.pid))
  await world.ok('task', 'claim', 'B', '--agent', 'mary', '--ttl', '0.5')
  expect((await world.run('task', 'claim', 'A', '--agent', 'rnd')).code).toBe(10)
  holder.signal('SIGKILL')
  await holder.ended()
  expect(await world.json('task', 'show', 'A')).toMatchObject({ status: 'validated', owner: null, lapsed: { agent: 'mary' } })
  await world.ok('task', 'claim', 'A', '--agent', 'rnd')
  expect((await world.run('task', 'complete', 'A', '--agent', 'mary')).code).toBe(13)
  await soon(async () => (await world.run('task', 'claim', 'B', '--agent', 'rnd')).code === 0)
  expect((await world.run('task', 'claim', 'B', '--agent', 'rnd', '--while-pid', '999999999')).code).toBe(2)
})

test('whose claim ran out is told 13, before and after a hub has given the item back', async () => {
  const world = await World.make(REDIS_ALONE)
  await world.ok('task', 'add', 'A')
  await world.ok('task', 'validate', 'A')
  await world.ok('task', 'start', 'A', '--agent', 'mary', '--ttl', '0.2')
  const complete = async (): Promise<number | null> => (await world.run('task', 'complete', 'A', '--agent', 'mary')).code
  await soon(async () => (await world.json('task', 'show', 'A'))['owner'] === null)
  expect(await complete()).toBe(13)
  const client = await world.redis.client()
  expect(await client.hget('memory:tasks:A', 'status')).toBe('in_progress')
  world.start('hub')
  await soon(async () => (await client.hget('memory:tasks:A', 'status')) === 'validated')
  client.disconnect()
  expect(await complete()).toBe(13)
  expect(await world.json('task', 'show', 'A')).toMatchObject({ status: 'validated', owner: null, lapsed: { agent: 'mary' } })
})

test('a claim that is made once more with its token has the time that was asked for last, or keeps its own', async () => {
  const world = await World.make(FILES_ALONE)
  await world.ok('task', 'add', 'A')
  const ttlMs = async (): Promise<unknown> => ((await world.json('task', 'show', 'A'))['claim'] as JsonObject)['ttl_ms']
  const { token } = await world.json('task', 'claim', 'A', '--agent', 'mary', '--ttl', '600')
  const again = ['task', 'claim', 'A', '--agent', 'mary', '--token', String(token)]
  await world.ok(...again, '--ttl', '5000')
  expect(await ttlMs()).toBe(5_000_000)
  await world.ok(...again)
  expect(await ttlMs()).toBe(5_000_000)
})

test('the status of a new item is not given with it', async () => {
  const world = await World.make(FILES_ALONE)
  const { code, stderr } = await world.run('task', 'add', 'A', '--title', 'x', 'status=done')
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('task validate') as string })
  expect((await world.run('task', 'show', 'A')).code).toBe(1)
})

test.each([REDIS_AND_HUB, REDIS_ALONE])('items and claims survive a Redis that comes back empty: $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('task', 'add', 'A')
  await world.ok('task', 'validate', 'A')
  await world.ok('task', 'start', 'A', '--agent', 'mary')
  const before = await world.json('task', 'show', 'A')
  await world.redis.restart({ wipe: true })
  await soon(async () => {
    expect(await world.json('task', 'show', 'A')).toMatchObject({ ...before, rev: expect.any(Number) as number })
    return true
  })
  await soon(async () => (await world.run('task', 'claim', 'A', '--agent', 'rnd')).code === 10)
  await soon(async () => (await world.run('task', 'complete', 'A', '--agent', 'mary')).code === 0)
  const client = await world.redis.client()
  expect(await client.hget('memory:tasks:A', 'status')).toBe('complete')
  client.disconnect()
})

test('an item that was evicted is put back, and the claim on it stands', async () => {
  const world = await World.make(REDIS_AND_HUB)
  await world.ok('task', 'add', 'A')
  await world.ok('task', 'claim', 'A', '--agent', 'mary')
  const client = await world.redis.client()
  await client.del('memory:tasks:A')
  await soon(async () => (await client.hget('memory:tasks:A', 'owner')) === 'mary')
  expect((await world.run('task', 'claim', 'A', '--agent', 'rnd')).code).toBe(10)
  client.disconnect()
})

test.each([REDIS_AND_HUB, REDIS_ALONE])('with Redis configured and away a step is refused with 69, and nothing is written: $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('task', 'add', 'A')
  await world.ok('task', 'validate', 'A')
  await world.redis.kill()
  for (const step of ['claim', 'start', 'heartbeat', 'complete', 'release']) {
    const { code } = await world.run('task', step, 'A', '--agent', 'mary', ...(step === 'release' ? ['--force'] : []))
    expect([step, code]).toEqual([step, 69]) // of the last three the copy here says: not mary's, or not begun
  }
  expect((await world.run('task', 'claim', 'unknown', '--agent', 'mary')).code).toBe(69)
  expect((await world.run('task', 'next', '--claim', '--agent', 'mary')).code).toBe(69)
  expect((await world.run('task', 'add', 'B')).code).toBe(69)
  expect(await world.json<JsonObject[]>('task', 'list')).toMatchObject([{ id: 'A', owner: null, status: 'validated' }])
  await world.redis.restart()
  await soon(async () => (await world.run('task', 'claim', 'A', '--agent', 'rnd')).code === 0)
})

test('a guard decides by its exit code, on the item itself, and in its time', async () => {
  const world = await World.make(FILES_ALONE)
  const guards = {
    validate: `grep -q '"title":"ready"' && test "$MEMORY_SYNC_TASK_ID" = "A'; touch pwned; '"`,
    claim: 'test "$MEMORY_SYNC_TASK_STEP $MEMORY_SYNC_TASK_AGENT $MEMORY_SYNC_TASK_ID" = "claim mary A"',
    start: 'echo not yet >&2; exit 3',
    complete: 'sleep 600 & wait',
  }
  await mkdir(`${world.root}/.config/memory_sync`, { recursive: true })
  const config = { tasks: { guards, guardSeconds: 0.3 } }
  await writeFile(`${world.root}/.config/memory_sync/config.json`, JSON.stringify(config))
  await world.ok('task', 'add', 'A', '--title', 'raw')
  expect((await world.run('task', 'validate', 'A')).code).toBe(1)
  expect(await world.json('task', 'show', 'A')).toMatchObject({ status: 'new' })
  expect(await world.json('task', 'claim', 'A', '--agent', 'mary')).toMatchObject({ guard: 'passed' })
  const text = JSON.stringify({ tasks: {} })
  await writeFile(`${world.root}/.config/memory_sync/config.json`, text)
  expect(await world.json('task', 'validate', 'A')).toMatchObject({ guard: 'none' })
  await writeFile(`${world.root}/.config/memory_sync/config.json`, JSON.stringify(config))
  const refused = await world.run('task', 'start', 'A', '--agent', 'mary', '--json')
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { details: { guard: 'start', ended: 'exit code 3', output: 'not yet' } } })
  await writeFile(`${world.root}/.config/memory_sync/config.json`, text)
  await world.ok('task', 'start', 'A', '--agent', 'mary')
  await writeFile(`${world.root}/.config/memory_sync/config.json`, JSON.stringify(config))
  const hung = await world.run('task', 'complete', 'A', '--agent', 'mary')
  expect([hung.code, hung.stderr]).toEqual([1, expect.stringContaining('no answer after 0.3 s')])
  expect(await world.json('task', 'show', 'A')).toMatchObject({ status: 'in_progress', owner: 'mary' })
})

describe.each([FILES_ALONE, REDIS_AND_HUB])('a circle of items that wait for each other, with $name,', (setUp) => {
  test('is refused by the write that would close it, and named', async () => {
    const world = await World.make(setUp)
    await world.ok('task', 'add', 'A', '--depends-on', 'B')
    await world.ok('task', 'add', 'B', '--depends-on', 'C')
    const before = await world.ok('task', 'list', '--json')
    for (const needs of [['--depends-on', 'A'], ['dependencies=A']]) {
      const { code, stdout, stderr } = await world.run('task', 'add', 'C', ...needs)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/C needs A, A needs B, B needs C\. Nothing was written\n {2}- leave one of these dependencies out/)
    }
    await writeFile(`${world.root}/tracking.yaml`, 'prp_tracking:\n  D: {title: D, status: new}\n  C: {title: C, status: new, depends_on: [A]}\n')
    expect(await world.run('task', 'import', `${world.root}/tracking.yaml`)).toMatchObject({ code: 2, stderr: expect.stringContaining('B needs C') })
    expect(await world.ok('task', 'list', '--json')).toBe(before)
    await world.ok('task', 'add', 'C', '--depends-on', 'D')
  })

  test('of which two writers wrote one half each hangs nobody, and can be opened again', async () => {
    const world = await World.make(setUp)
    const memory = await world.memory()
    for (const [id, other] of [['A', 'B'], ['B', 'A']] as const) {
      const edits = [{ do: 'set', path: '/title', value: '"x"' }, { do: 'set', path: '/status', value: '"new"' }, { do: 'set', path: '/depends_on', value: `["${other}"]` }] as const
      await memory.write({ target: `task:${id}`, kind: 'set', edits: [...edits], by: 'x' })
    }
    expect(await world.json<JsonObject[]>('task', 'list')).toHaveLength(2)
    for (const call of [['task', 'board'], ['task', 'show', 'A'], ['task', 'export'], ['agents']]) await world.ok(...call)
    expect(await world.run('task', 'next')).toMatchObject({ code: 1, stdout: '' })
    expect(await world.run('task', 'claim', 'A', '--agent', 'mary')).toMatchObject({ code: 1, stderr: expect.stringContaining('B') })
    expect((await world.run('health')).stdout).toContain('Health Score')
    await world.ok('task', 'add', 'D', '--depends-on', 'A') // it is in no circle itself
    await writeFile(`${world.root}/tracking.yaml`, 'prp_tracking:\n  A: {depends_on: []}\n')
    await world.ok('task', 'import', `${world.root}/tracking.yaml`, '--overwrite')
    await world.ok('task', 'claim', 'A', '--agent', 'mary')
  })
})
