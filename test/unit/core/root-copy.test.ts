/** The clock of the shared store, as a root knows it. */
import { expect, test } from 'vitest'
import { RootCopy } from '../../../src/core/root-copy.js'

function copyAt(now: number): { copy: RootCopy; pass: (ms: number) => void } {
  let time = now
  return {
    copy: new RootCopy({ now: () => time }),
    pass: (ms) => {
      time += ms
    },
  }
}

test('a store whose clock is ahead or behind is followed', () => {
  const { copy, pass } = copyAt(1_000)
  copy.heardTime(5_000, 1_000)
  expect(copy.now()).toBe(5_000)
  pass(10)
  copy.heardTime(3_010, 1_010)
  expect(copy.now()).toBe(3_010)
})

test('an answer that is read late says nothing against what is known', () => {
  const { copy, pass } = copyAt(1_000)
  copy.heardTime(1_500, 1_000)
  const askedAt = 1_000
  pass(3_600_000) // the machine slept
  copy.heardTime(1_501, askedAt)
  expect(copy.now()).toBe(1_500 + 3_600_000)
})

test('a clock that was set back while the store was asked goes on from what it said', () => {
  const { copy, pass } = copyAt(10_000)
  pass(-5_000)
  copy.heardTime(10_000, 10_000)
  expect(copy.now()).toBe(10_000)
})
