import { describe, expect, test } from 'vitest'
import { smoke } from '../support/budget.js'
import type { Memory, WriteOutcome } from '../../src/core/memory.js'
import { agentTarget } from '../../src/domain/operation.js'
import { FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, type SetUp, World } from '../support/world.js'

const WRITERS = 8

/** A round is eight writes that wait for the disk each: fewer rounds where every one of them is slow. */
const ROUNDS: [SetUp, number][] = [
  [REDIS_AND_HUB, smoke ? 100 : 1_000],
  [REDIS_ALONE, smoke ? 50 : 1_000],
  [FILES_AND_HUB, smoke ? 50 : 300],
  [FILES_ALONE, smoke ? 50 : 1_000],
]

describe.each(ROUNDS)('a conditional write with $name', (setUp, rounds) => {
  test(`is won by exactly one of eight writers in each of ${rounds} rounds`, async () => {
    const world = await World.make(setUp)
    const memories = await Promise.all(Array.from({ length: WRITERS }, () => world.memory()))
    let rev = 0
    const losers = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const outcomes = await Promise.all(memories.map((memory, writer) => claim(memory, { round, writer, ifRev: rev })))
      const winner = outcomes.findIndex(({ ok }) => ok)
      expect(outcomes.filter(({ ok }) => ok), `the winners of round ${round}`).toHaveLength(1)
      rev = revisionOf(outcomes[winner]!)
      for (const outcome of outcomes) if (!outcome.ok) losers.add(whyLost(outcome, { rev, winner }))
    }
    expect([...losers]).toEqual(['the winner stands there'])
    const { agents } = await world.quiet()
    expect(agents['mary']).toMatchObject({ rev, context: { round: rounds - 1 } })
  })

  test('is won by exactly one of eight processes, and the others are shown what won', async () => {
    const world = await World.make(setUp)
    let rev = 0
    for (let round = 0; round < (smoke ? 1 : 3); round++) {
      const claims = Array.from({ length: WRITERS }, (_, writer) =>
        world.run('set', 'mary', `writer=${writer}`, `round=${round}`, '--if-rev', String(rev), '--json'),
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

function claim(memory: Memory, { round, writer, ifRev }: Claim): Promise<WriteOutcome> {
  return memory.write({
    ...{ target: agentTarget('mary'), kind: 'set', by: 'tester', ifRev },
    edits: [
      { do: 'set', path: '/context/writer', value: String(writer) },
      { do: 'set', path: '/context/round', value: String(round) },
    ],
  })
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
  return outcome.rev === rev && writer === String(winner) ? 'the winner stands there' : `revision ${outcome.rev}, ${String(writer)}`
}
