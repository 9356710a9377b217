import { expect, test } from 'vitest'
import { FilePace } from '../../../src/core/file-pace.js'

/** A change every millisecond for five seconds, and a file that takes so long to write; how old what was shown became, and how often it was written. */
function stream(tookMs: number, length: number): { behindMs: number; written: number } {
  const pace = new FilePace()
  let behindMs = 0
  let written = 0
  let shown = 0
  for (let now = 1; now < 5_000; now++) {
    pace.note(String(now), now)
    if (pace.dueIn(now) > 0) continue
    const took = now + tookMs
    behindMs = Math.max(behindMs, took - shown)
    pace.wrote(length, tookMs, took)
    shown = now
    now = took
    written++
  }
  return { behindMs, written }
}

test.each([5, 50, 100, 200, 300])('a large file that takes %i ms to write is never a second behind', (tookMs) => {
  const { behindMs, written } = stream(tookMs, 5_000_000)
  expect(behindMs).toBeLessThan(1_000)
  expect(written).toBeLessThan(12)
})

test('a file that takes longer than that is written half of the time at most', () => {
  expect(stream(800, 5_000_000).written).toBeLessThanOrEqual(4)
})
