import { expect, test } from 'vitest'
import { msUntil } from '../../../src/platform/uptime.js'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE
/** Of a moment in ten minutes. */
const then = { ms: DAY + 10 * MINUTE, wall: 100 * DAY + 10 * MINUTE }

test.each([
  ['a minute later', 'b', 'b', { ms: DAY + MINUTE, wall: 100 * DAY + MINUTE }, 9],
  ['the wall clock is set forward', 'b', 'b', { ms: DAY + MINUTE, wall: 200 * DAY }, 9],
  ['the wall clock is set back', 'b', 'b', { ms: DAY + MINUTE, wall: 0 }, 9],
  ['the machine was started again', 'b', 'c', { ms: 0, wall: 100 * DAY + 4 * MINUTE }, 6],
  ['a minute later, where no boot can be told', '', '', { ms: DAY + MINUTE, wall: 100 * DAY + MINUTE }, 9],
  ['the wall clock is set back, where no boot can be told', '', '', { ms: DAY + MINUTE, wall: 0 }, 9],
  ['the machine was started again, where no boot can be told', '', '', { ms: 0, wall: 100 * DAY + 4 * MINUTE }, 6],
  ['it was started by what tells no boot, and the boot is told', '', 'b', { ms: 0, wall: 100 * DAY + 4 * MINUTE }, 6],
])('what is left of ten minutes: %s', (_, boot, bootNow, now, left) => {
  expect(msUntil({ ...then, boot }, { ...now, boot: bootNow })).toBe(left * MINUTE)
})
