import { expect, test } from 'vitest'
import { Scanning } from '../../../src/core/scanning.js'

const SOON = 29_999
const LOOK = 30_000
const at = 1_000_000_000_000
const UNTOLD = ['context', 'tasks']

/** What is due after each of these times. */
function dueAfter(times: readonly number[], facts: { records: number; isTold: boolean }, scanning = new Scanning()): unknown[] {
  return times.map((ms) => scanning.take(at + ms, facts))
}

test('where the store tells of nothing, all records are compared every half a minute', () => {
  expect(dueAfter([0, SOON, LOOK, LOOK + SOON, 2 * LOOK], { records: 10_000, isTold: false })).toEqual(['all', null, 'all', null, 'all'])
})

test('where it tells of writes to records, all are compared the less often the more there are, and what it does not tell of as before', () => {
  expect(dueAfter([0, LOOK, 2 * LOOK], { records: 2_000, isTold: true })).toEqual(['all', 'all', 'all'])
  expect(dueAfter([0, 1, 2, 3, 4, 5].map((n) => n * LOOK), { records: 10_000, isTold: true })).toEqual(['all', UNTOLD, UNTOLD, UNTOLD, UNTOLD, 'all'])
})

test('when it does not tell any more, or the clock is set back, all are compared at the next look', () => {
  const scanning = new Scanning()
  expect(dueAfter([0, LOOK], { records: 10_000, isTold: true }, scanning)).toEqual(['all', UNTOLD])
  expect(dueAfter([2 * LOOK], { records: 10_000, isTold: false }, scanning)).toEqual(['all'])
  expect(dueAfter([-100 * LOOK], { records: 10_000, isTold: true }, scanning)).toEqual(['all'])
})

test('what may have been missed is looked for at once', () => {
  const scanning = new Scanning()
  expect(dueAfter([0], { records: 10_000, isTold: true }, scanning)).toEqual(['all'])
  scanning.restart()
  expect(dueAfter([1], { records: 10_000, isTold: true }, scanning)).toEqual(['all'])
})
