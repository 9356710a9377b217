import { describe, expect, test } from 'vitest'
import { smoke } from '../support/budget.js'
import type { Memory, WriteOutcome } from '../../src/core/memory.js'
import { MemoryError } from '../../src/errors/errors.js'
import type { Ran } from '../support/program.js'
import { agentTarget } from '../../src/domain/operation.js'
import { type Context, FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, SET_UPS, type SetUp, soon, World } from '../support/world.js'

const WRITERS = 8
const long = process.env['MEMORY_SYNC_TEST_LONG'] === '1'
const rounds = (usually: number): number => (long ? 1_000 : smoke ? 20 : usually)

/** Without a hub, and with files only, each write waits for the disk and its lock: fewer rounds there. */
const ROUNDS: [SetUp, number][] = [
  [REDIS_AND_HUB, rounds(1_000)],
  [REDIS_ALONE, rounds(100)],
  [FILES_AND_HUB, rounds(200)],
  [FILES_ALONE, rounds(60)],
]

const CASES = ROUNDS.map(([setUp, count]) => ({ name: setUp.name, setUp, count }))

describe.each(CASES)('a conditional write with $name', ({ setUp, count }) => {
  test(`is won by exactly one of eight writers in each of ${count} rounds`, async () => {
    const world = await World.make(setUp)
    const memories = await Promise.all(Array.from({ length: WRITERS }, () => world.memory()))
    let rev = 0
    const losers = new Set<string>()
    for (let round = 0; round < count; round++) {
      const outcomes = await Promise.all(memories.map((memory, writer) => claim(memory, { round, writer, ifRev: rev })))
      const winner = outcomes.findIndex(({ ok }) => ok)
      expect(outcomes.filter(({ ok }) => ok), `the winners of round ${round}`).toHaveLength(1)
      rev = revisionOf(outcomes[winner]!)
      for (const outcome of outcomes) if (!outcome.ok) losers.add(whyLost(outcome, { rev, winner }))
    }
    expect([...losers]).toEqual(['the winner stands there'])
    const { agents } = await world.quiet()
    expect(agents['mary']).toMatchObject({ rev, context: { round: count - 1 } })
  }, 300_000)

  test('is won by exactly one of eight processes, and the others are shown what won', async () => {
    const world = await World.make(setUp)
    let rev = 0
    for (let round = 0; round < (smoke ? 1 : 3); round++) {
      const claims = Array.from({ length: WRITERS }, (_, writer) =>
        decided(world, ['set', 'mary', `writer=${writer}`, `round=${round}`, '--if-rev', String(rev), '--json']),
      )
      const ended = await Promise.all(claims)
      const writer = ended.findIndex(({ code }) => code === 0)
      expect(ended.map(({ code }) => code).sort()).toEqual([0, ...Array.from({ length: WRITERS - 1 }, () => 20)])
      ;({ rev } = JSON.parse(ended[writer]!.stdout) as { rev: number })
      for (const { stdout } of ended.filter(({ code }) => code === 20)) {
        expect(JSON.parse(stdout)).toMatchObject({
          error: { code: 'conflict', details: { rev, current: { rev, context: { writer, round } } } },
        })
      }
    }
    expect((await world.quiet()).agents['mary']).toMatchObject({ rev })
  })
})

interface Claim {
  round: number
  writer: number
  ifRev: number
}

/** Nobody decided (exit 69, nothing written): on a machine that is too busy for the budgets. Then it is asked again. */
async function decided(world: World, args: string[]): Promise<Ran> {
  for (let attempt = 0; ; attempt++) {
    const ran = await world.run(...args, '--idempotency-key', args.join(' '))
    if (attempt === 20 || ![1, 69].includes(ran.code ?? -1)) return ran
  }
}

async function claim(memory: Memory, { round, writer, ifRev }: Claim): Promise<WriteOutcome> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await memory.write({
        ...{ target: agentTarget('mary'), kind: 'set', by: 'tester', ifRev, idempotencyKey: `${round} ${writer}` },
        edits: [
          { do: 'set', path: '/context/writer', value: String(writer) },
          { do: 'set', path: '/context/round', value: String(round) },
        ],
      })
    } catch (error) {
      const isUndecided = error instanceof MemoryError && ['unavailable', 'unknown-outcome'].includes(error.code)
      if (!isUndecided || attempt === 50) throw error
    }
  }
}

function revisionOf(outcome: WriteOutcome): number {
  if (!outcome.ok || outcome.rev === null) throw new Error(`a winner without a revision: ${JSON.stringify(outcome)}`)
  return outcome.rev
}

function whyLost(outcome: WriteOutcome & { ok: false }, { rev, winner }: { rev: number; winner: number }): string {
  if (outcome.reason !== 'conflict') return `another reason: ${JSON.stringify(outcome)}`
  const { current } = outcome
  const context = current instanceof Map ? current.get('context') : undefined
  const writer = context instanceof Map ? context.get('writer') : undefined
  if (outcome.rev === rev && writer === String(winner)) return 'the winner stands there'
  return `revision ${outcome.rev}, ${String(writer)}`
}

describe('a conditional write of which a hub that is stopped', () => {
  /** With Redis, that is stopped as well. */
  async function stopped(setUp: SetUp): Promise<{ world: World; rev: string }> {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'n=1')
    const { agents } = await world.quiet()
    world.hub!.signal('SIGSTOP')
    await world.server?.kill('SIGSTOP')
    return { world, rev: String(agents['mary']?.rev) }
  }

  async function goOn(world: World): Promise<void> {
    await world.server?.kill('SIGCONT')
    world.hub!.signal('SIGCONT')
  }

  test.each([FILES_AND_HUB, REDIS_AND_HUB])('was sent the command ($name) is not known, and is done once with its key', async (setUp) => {
    const { world, rev } = await stopped(setUp)
    const args = ['set', 'mary', 'n=2', '--if-rev', rev, '--idempotency-key', 'key', '--json']
    const { code, stdout } = await world.run(...args)
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 69, error: { code: 'unknown-outcome', message: expect.stringContaining('not known') } })
    await goOn(world)
    await soon(async () => (await world.run(...args)).code === 0)
    expect((await world.quiet()).agents['mary']?.context).toEqual({ n: 2 })
  })

  test.each([
    ['there is one already', ['x=1', '--if-rev', '0'], 'not the revision'],
    ['what it adds to is a text', ['name+=5'], 'no number'],
  ])('was sent, and which others refuse as %s, is not known: that may be otherwise when the hub goes on', async (_, edit, why) => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'mary', 'name=text')
    world.hub!.signal('SIGSTOP')
    const { code, stdout } = await world.run('set', 'mary', ...edit, '--json')
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 69, error: { code: 'unknown-outcome', message: expect.stringContaining(why) } })
    world.hub!.signal('SIGCONT')
    expect((await world.quiet()).agents['mary']?.context).toEqual({ name: 'text' })
    const again = await world.run('set', 'mary', ...edit, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: expect.not.stringMatching(/^unknown/) } })
  })

  test('was sent is lost where the record has gone on: no later moment undoes that', async () => {
    const world = await World.make(REDIS_AND_HUB)
    await world.ok('set', 'mary', 'n=1')
    const { agents } = await world.quiet()
    await world.ok('set', 'mary', 'n=2')
    world.hub!.signal('SIGSTOP')
    expect(await world.run('set', 'mary', 'n=3', '--if-rev', String(agents['mary']?.rev))).toMatchObject({ code: 20 })
    world.hub!.signal('SIGCONT')
    expect((await world.quiet()).agents['mary']?.context).toEqual({ n: 2 })
  })

  test('was sent the call of a program is not known', async () => {
    const { world, rev } = await stopped(FILES_AND_HUB)
    await goOn(world)
    const memory = await world.memory()
    await memory.read() // a connection, with which the call leaves at once
    world.hub!.signal('SIGSTOP')
    const written = memory.write({
      ...{ target: agentTarget('mary'), kind: 'set', by: 'tester', ifRev: Number(rev) },
      edits: [{ do: 'set', path: '/context/n', value: '2' }],
    })
    await expect(written).rejects.toMatchObject({ code: 'unknown-outcome' })
    await goOn(world)
    await world.showsInFile({ agents: { mary: { context: { n: 2 } } } })
  })
})

test.each([
  [[], 'unavailable', 'nothing was written'],
  [['--memory-sync-past-hub', `--memory-sync-operation=${'a'.repeat(32)}`], 'unknown-outcome', 'not known'],
])('a conditional write that nobody decides on, with what another process hands over (%j), is %s', async (handedOver, code, message) => {
  const world = await World.make(REDIS_ALONE)
  await world.ok('set', 'mary', 'n=1')
  await world.redis.kill()
  const { stdout } = await world.run(...handedOver, 'set', 'mary', 'n=2', '--if-rev', '1', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ error: { code, message: expect.stringContaining(message) } })
})

test.each([REDIS_ALONE, REDIS_AND_HUB])('a conditional write of a record whose key has another type says that Redis answers ($name)', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('set', 'mary', 'x=1')
  const client = await world.redis.client()
  await client.multi().del('memory:agents:mary').set('memory:agents:mary', 'somebody else').exec()
  const { code, stdout } = await world.run('set', 'mary', 'x=2', '--if-rev', '1', '--json')
  expect(code).toBe(69)
  expect(stdout).toContain('Redis answers, and cannot decide on this write')
  expect(await client.get('memory:agents:mary')).toBe('somebody else')
})

const WITHOUT_REDIS = [REDIS_AND_HUB, REDIS_ALONE].map((setUp) => ({ ...setUp, name: `${setUp.name}, Redis away`, isAway: true }))

describe.each([...SET_UPS.map((setUp) => ({ ...setUp, isAway: false })), ...WITHOUT_REDIS])('one idempotency key, used at once: $name', ({ isAway, ...setUp }) => {
  /** Two clients with four calls each. */
  async function atOnce(world: World, call: (memory: Memory, n: number) => Promise<WriteOutcome>): Promise<WriteOutcome[]> {
    const memories = [await world.memory(), await world.memory()]
    return Promise.all(Array.from({ length: 8 }, (_, n) => call(memories[n % 2]!, n)))
  }

  async function makeWorld(): Promise<World> {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'n=1')
    if (isAway) await world.redis.kill()
    return world
  }

  const shown = async (world: World): Promise<Context> => JSON.parse(await world.ok('get')) as Context

  test('with eight payloads, one of them is acknowledged, and is there', async () => {
    const world = await makeWorld()
    for (const key of ['first', 'second', 'third']) {
      const outcomes = await atOnce(world, (memory, n) =>
        memory.write({
          ...{ target: agentTarget(`${key}${n}`), kind: 'set', by: 'tester', idempotencyKey: key },
          edits: [{ do: 'set', path: '/context/n', value: String(n) }],
        }),
      )
      const winners = outcomes.flatMap(({ ok }, n) => (ok ? [n] : []))
      expect(winners, JSON.stringify(outcomes)).toHaveLength(1)
      for (const outcome of outcomes) if (!outcome.ok) expect(outcome).toEqual({ ok: false, reason: 'other-payload' })
      const { agents } = await shown(world)
      expect(Object.keys(agents).filter((name) => name.startsWith(key))).toEqual([`${key}${winners[0]}`])
    }
  })

  test('with one payload, all are told of the same write, which is done once', async () => {
    const world = await makeWorld()
    const outcomes = await atOnce(world, (memory) =>
      memory.write({ target: agentTarget('mary'), kind: 'set', by: 'tester', idempotencyKey: 'key', edits: [{ do: 'add', path: '/context/n', by: '1' }] }),
    )
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
    expect((await shown(world)).agents['mary']?.context).toEqual({ n: 2 })
  })
})

test('a write that waited, and whose key another root has used meanwhile for another one, is in the history as a conflict', async () => {
  const world = await World.make(REDIS_ALONE)
  const other = await World.around(world.redis)
  await world.ok('set', 'gc', 'n=1')
  const keyed = ['--idempotency-key', 'K']
  expect(await world.runWith({ redis: 'unix:///nowhere' }, 'set', 'gc', 'a=1', ...keyed)).toMatchObject({ code: 0 })
  await other.ok('set', 'gc', 'b=2', ...keyed)
  const told = [expect.objectContaining({ agent: 'gc', event: 'conflict', conflict: [{ path: '/context/a', lost: 1, kept: null }] })]
  for (const root of [world, other, world]) {
    await root.ok('sync')
    const lines = (await root.ok('log', '--json')).trim().split('\n').map((line) => JSON.parse(line) as Context)
    expect(lines.filter(({ event }) => event === 'conflict')).toEqual(told)
    expect(await root.json('status')).toMatchObject({ pending: 0 })
  }
  expect(await world.run('set', 'gc', 'a=1', ...keyed)).toMatchObject({ code: 2 })
})

test.each(SET_UPS)('what is repeated with its idempotency key is done, also where it could not be done any more: $name', async (setUp) => {
  const world = await World.make(setUp)
  await world.ok('set', 'mary', 'n=1')
  const added = await world.json('set', 'mary', 'n+=1', '--idempotency-key', 'addition')
  await world.ok('set', 'mary', 'n=text')
  expect(await world.json('set', 'mary', 'n+=1', '--idempotency-key', 'addition')).toMatchObject({ rev: added['rev'], replayed: true })
  const removed = await world.json('remove', 'mary', '--idempotency-key', 'removal')
  expect(await world.json('remove', 'mary', '--idempotency-key', 'removal')).toMatchObject({ rev: removed['rev'], replayed: true })
  expect(await world.run('remove', 'mary', '--idempotency-key', 'addition')).toMatchObject({ code: 2 })
  expect(await world.run('remove', 'mary', '--idempotency-key', 'another')).toMatchObject({ code: 1 })
})

test('a key that was used at another machine is known to one that meets Redis for the first time, or again', async () => {
  const first = await World.make(REDIS_ALONE)
  const fresh = await World.around(first.redis)
  const known = await World.around(first.redis)
  await known.ok('set', 'rnd', 'x=1')
  await first.redis.restart({ wipe: true })
  const args = ['set', 'mary', 'n+=1', '--idempotency-key', 'addition']
  const { rev } = await first.json(...args)
  expect(await fresh.json(...args)).toMatchObject({ rev, replayed: true })
  expect(await known.json(...args)).toMatchObject({ rev, replayed: true })
  expect(await known.run('set', 'mary', 'n+=2', '--idempotency-key', 'addition')).toMatchObject({ code: 2 })
  expect((await first.quiet()).agents['mary']?.context).toEqual({ n: 1 })
})
