import { expect, test } from 'vitest'
import { OwnTimes } from '../../../src/core/own-times.js'

const NOW = 1_000_000
const YEARS_AHEAD = NOW + 2e12

test('no two writes share a time, and each is later than all that is known', () => {
  const times = new OwnTimes()
  expect([5, 5, 9, 9, 7].map((known) => times.next(known, NOW))).toEqual([5, 6, 9, 10, 11])
})

test('writes stay behind those of a clock that was ahead as long as these wait, and no longer', () => {
  const times = new OwnTimes()
  expect([times.next(YEARS_AHEAD, NOW), times.next(YEARS_AHEAD, NOW)]).toEqual([YEARS_AHEAD, YEARS_AHEAD + 1])
  expect([times.next(NOW + 3, NOW + 5), times.next(NOW + 3, NOW + 5)]).toEqual([NOW + 4, NOW + 5])
})

test('many writes at once may come ahead of the clock a little', () => {
  const times = new OwnTimes()
  const given = Array.from({ length: 30_000 }, () => times.next(NOW, NOW))
  expect(new Set(given).size).toBe(30_000)
})
