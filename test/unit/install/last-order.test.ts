import { expect, test } from 'vitest'
import { lastOrderIn } from '../../../src/install/look.js'

test.each([
  '[Sat Nov 22 18:00:00 UTC 2025] WO-1 -> CLC\n',
  '[2025-11-12 08:26:25] WO-0 -> GG\n[2025-11-12 08:26:26] WO-1 -> CLC: done\n[2025-11-12 08:26:27] nothing to do\n',
  '2025-11-12T08:26:25Z WO-1 -> CLC\n',
  '2025-11-12T08:26:25.123+07:00 WO-1 -> CLC\n',
  '2025-11-12 08:26:25 WO-1 -> CLC\n',
])('the last order of %j', (log) => {
  expect(lastOrderIn(log)).toBe('WO-1')
})

test.each(['', 'WO-1\n', '[t] WO-1 ->\n', 'moved a -> b\n', '[t] moved a -> b\n'])('no order in %j', (log) => {
  expect(lastOrderIn(log)).toBeUndefined()
})
