import { describe, expect, test } from 'vitest'
import { parseTreeMap, type TreeMap } from '../../../src/domain/json.js'
import { Ledger, planWrite } from '../../../src/selftest/ledger.js'
import { contextOf, differenceOf } from '../../../src/selftest/truth.js'

/** The context after these writes of `w1`, in this order. */
function contextAfter(...writes: number[]): TreeMap {
  const agents = new Map<string, Map<string, string>>()
  for (const seq of writes) {
    const { agent, assignments } = planWrite('w1', seq)
    const context = agents.get(agent) ?? new Map<string, string>()
    agents.set(agent, context)
    for (const assignment of assignments) {
      const [, name, plus, value] = /^(.+?)(\+?)=(.*)$/.exec(assignment)!
      context.set(name!, plus === '+' ? String(BigInt(context.get(name!) ?? '0') + BigInt(value!)) : value!)
    }
  }
  const members = [...agents].map(([name, context]) => {
    const fields = [...context].map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    return `${JSON.stringify(name)}:{"context":{${fields.join(',')}}}`
  })
  return parseTreeMap(`{"agents":{${members.join(',')}}}`)
}

function ledgerOf(count: number): Ledger {
  const ledger = new Ledger()
  for (let seq = 1; seq <= count; seq++) {
    ledger.started('w1', seq)
    ledger.told('w1', seq, 'acknowledged', seq)
  }
  return ledger
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe('the ledger', () => {
  test('finds every acknowledged write that is there', () => {
    expect(ledgerOf(250).tally({ file: contextAfter(...upTo(250)) })).toMatchObject({ writes: 250, acknowledged: 250, kept: 250, lost: 0, onOneSide: 0, twice: 0, outOfOrder: 0, problems: [] })
  })

  test.each([1, 4, 99, 100, 104, 250])('misses write %i', (missing) => {
    const tally = ledgerOf(250).tally({ file: contextAfter(...upTo(250).filter((seq) => seq !== missing)) })
    expect(tally).toMatchObject({ kept: 249, lost: 1, twice: 0 })
    expect(tally.problems[0]).toContain(`write ${missing} of w1`)
  })

  test('notices one that was applied twice, and is not deceived when another is missing', () => {
    expect(ledgerOf(30).tally({ file: contextAfter(...upTo(30), 17) })).toMatchObject({ kept: 30, lost: 0, twice: 1 })
    const instead = [...upTo(30).filter((seq) => seq !== 18), 17]
    expect(ledgerOf(30).tally({ file: contextAfter(...instead) })).toMatchObject({ kept: 29, lost: 1, twice: 1 })
  })

  test('notices an older write that beat a newer one', () => {
    expect(ledgerOf(30).tally({ file: contextAfter(...upTo(28), 30, 29, 22) })).toMatchObject({ lost: 0, outOfOrder: 1 })
  })

  test('tells a write that is on one side only from one that is lost', () => {
    const [whole, behind] = [contextAfter(...upTo(30)), contextAfter(...upTo(28))]
    for (const [sides, words] of [
      [{ file: behind, redis: whole }, 'Redis, not in the file'],
      [{ file: whole, redis: behind }, 'the file, not in Redis'],
    ] as const) {
      const tally = ledgerOf(30).tally(sides)
      expect(tally).toMatchObject({ acknowledged: 30, kept: 28, lost: 0, onOneSide: 2, outOfOrder: 0 })
      expect(tally.problems).toEqual([29, 30].map((seq) => `write ${seq} of w1 was acknowledged and is in ${words}`))
    }
    expect(ledgerOf(30).tally({ file: behind, redis: behind })).toMatchObject({ kept: 28, lost: 2, onOneSide: 0, outOfOrder: 2 })
  })

  test('notices a revision that is not higher than the one before', () => {
    const ledger = ledgerOf(3)
    ledger.told('w1', 4, 'acknowledged', 3)
    expect(ledger.tally({ file: contextAfter(1, 2, 3, 4) })).toMatchObject({ kept: 4, outOfOrder: 1 })
  })

  test('says that a refused write is there, and takes one that nobody was told of either way', () => {
    const ledger = ledgerOf(2)
    ledger.started('w1', 3)
    expect(ledger.tally({ file: contextAfter(1, 2) })).toMatchObject({ unknown: 1, lost: 0, problems: [] })
    expect(ledger.tally({ file: contextAfter(1, 2, 3) })).toMatchObject({ unknown: 1, twice: 0, problems: [] })
    ledger.told('w1', 3, 'refused')
    expect(ledger.tally({ file: contextAfter(1, 2, 3) }).problems).toEqual(['write 3 of w1 was refused and is there'])
  })
})

describe('file and Redis', () => {
  test('are read alike: a field of a hash is JSON, or text', () => {
    expect(contextOf(new Map([['a', { context: '{"x":1.10}', status: 'to do', rev: '7' }]]))).toEqual(
      parseTreeMap('{"agents":{"a":{"context":{"x":1.10},"status":"to do","rev":7}}}'),
    )
  })

  const context = parseTreeMap('{"agents":{"a":{"status":"active","context":{"x":1.10,"y":[]},"rev":7}}}')
  const same = { status: 'active', context: '{"y":[],"x":1.10}', rev: '7' }

  test('are equal when every field says the same, in any order', () => {
    expect(differenceOf(context, new Map([['a', same]]))).toBeNull()
  })

  test.each([
    ['another number', { ...same, context: '{"y":[],"x":1.1}' }],
    ['a field less', { context: same.context, rev: '7' }],
    ['a field more', { ...same, z: '1' }],
    ['another revision', { ...same, rev: '8' }],
  ])('differ by %s', (_, fields) => {
    expect(differenceOf(context, new Map<string, Record<string, string>>([['a', fields]]))).toContain('a: ')
  })

  test('differ by an agent', () => {
    expect(differenceOf(context, new Map())).toBe('a is in the file and not in Redis')
    expect(differenceOf(context, new Map([['a', same], ['b', same]]))).toBe('b is in Redis and not in the file')
  })
})
