import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { didYouMean, nearestCommands, nearestOf, slipsBetween } from '../../../src/cli/nearest.js'

describe('slips between two names', () => {
  it.each([
    ['', '', 0],
    ['get', 'get', 0],
    ['', 'get', 3],
    ['updat', 'update', 1],
    ['updatee', 'update', 1],
    ['upbate', 'update', 1],
    ['udpate', 'update', 1],
    ['set', 'get', 1],
    ['kitten', 'sitting', 3],
  ])('%j and %j: %d', (a, b, slips) => {
    expect(slipsBetween(a, b)).toBe(slips)
  })

  it('are as many in either direction, none only of what is the same, and never more than the longer one is long', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(name, name, (a, b) => {
        const slips = slipsBetween(a, b)
        expect(slips).toBe(slipsBetween(b, a))
        expect(slips === 0).toBe(a === b)
        expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length))
        expect(slips).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
      }),
    )
  })
})

describe('the nearest name', () => {
  const known = ['get', 'set', 'update', 'task', 'task list', 'task claim', 'lock acquire']

  it.each([
    ['updat', ['update']],
    ['gte', ['get']],
    ['et', ['get', 'set']],
    ['frobnicate', []],
    ['x', []],
    ['', []],
    ['get', []],
  ])('to %j is %j', (word, names) => {
    expect(nearestOf(word, known)).toEqual(names)
  })

  it.each([
    ['updat mary active', ['update']],
    ['task lst', ['task list']],
    ['tsak lits P1', ['task list']],
    ['lock acqire x y z', ['lock acquire']],
    ['task frobnicate', []],
    ['frob nicate', []],
    ['get x', []],
  ])('of a command to %j is %j', (typed, names) => {
    expect(nearestCommands(typed, known)).toEqual(names)
  })

  it('is said in one line, or not at all', () => {
    expect(didYouMean([])).toEqual([])
    expect(didYouMean(['get', 'set'])).toEqual(['did you mean get or set?'])
    expect(didYouMean(['a', 'b', 'c', 'd'])).toEqual(['did you mean a or b or c?'])
  })
})
