import { expect, test } from 'vitest'
import { formatTime } from '../../../src/domain/time.js'

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
