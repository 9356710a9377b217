import { expect, test } from 'vitest'
import { formatTime, timeIn } from '../../../src/domain/time.js'

const MS = Date.UTC(2025, 10, 12, 1, 26, 25, 120)

test.each([
  [7 * 60, '2025-11-12T08:26:25.120+07:00'],
  [-(3 * 60 + 30), '2025-11-11T21:56:25.120-03:30'],
  [0, '2025-11-12T01:26:25.120+00:00'],
  [23 * 60 + 59, '2025-11-13T01:25:25.120+23:59'],
  [-(23 * 60 + 59), '2025-11-11T01:27:25.120-23:59'],
  [24 * 60, '2025-11-12T01:26:25.120+00:00'],
  [-24 * 60, '2025-11-12T01:26:25.120+00:00'],
])('with an offset of %d minutes a time is written that everybody reads: %s', (offset, text) => {
  expect(formatTime(MS, offset)).toBe(text)
  expect(Date.parse(text)).toBe(MS)
})

const EARLIEST_DATE = -8.64e15

test.each([EARLIEST_DATE, -1, 0, 8.64e15, Number.MAX_SAFE_INTEGER, Infinity, -Infinity, Number.NaN])('%d ms is written as some time, in every offset', (ms) => {
  for (const offset of [-(24 * 60 - 1), -300, 0, 14 * 60, 24 * 60 - 1]) {
    expect(formatTime(ms, offset)).toMatch(/^(19[67]\d|9999)-[\d-]{5}T[\d:.]{12}[+-][\d:]{5}$/)
  }
})

test('a time that another program wrote is one that can be written, or none', () => {
  expect(['-271821-04-20T00:00:00Z', '1969-12-31T23:59:59Z', '2025-11-12T01:26:25.120Z'].map(timeIn)).toEqual([0, 0, MS])
  expect(timeIn('+275760-09-13T00:00:00Z')).toBe(Date.UTC(9999, 11, 31))
  expect([undefined, '', 'yesterday'].map(timeIn)).toEqual([undefined, undefined, undefined])
})
