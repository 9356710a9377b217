import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { LastingPatience } from '../../../src/platform/patience.js'

const MS = 800

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
})

function place(): { patience: LastingPatience; ended: () => number } {
  let times = 0
  return { patience: new LastingPatience(MS, () => times++), ended: () => times }
}

test('ends when no sign comes for the whole time, and not before', async () => {
  const { patience, ended } = place()
  patience.begin()
  await vi.advanceTimersByTimeAsync(MS - 1)
  expect(ended()).toBe(0)
  await vi.advanceTimersByTimeAsync(2)
  expect(ended()).toBe(1)
})

test('begins anew with each sign, and with what is expected after a pause', async () => {
  const { patience, ended } = place()
  patience.begin()
  for (let n = 0; n < 10; n++) {
    await vi.advanceTimersByTimeAsync(MS - 150)
    patience.sign()
  }
  expect(ended()).toBe(0)
  patience.end()
  await vi.advanceTimersByTimeAsync(MS / 2)
  patience.begin()
  await vi.advanceTimersByTimeAsync(MS - 1)
  expect(ended()).toBe(0)
  await vi.advanceTimersByTimeAsync(2)
  expect(ended()).toBe(1)
})

test('does not end while nothing is expected, and then has no timer that runs', async () => {
  const { patience, ended } = place()
  patience.begin()
  await vi.advanceTimersByTimeAsync(MS - 1)
  patience.end()
  await vi.advanceTimersByTimeAsync(10 * MS)
  expect(ended()).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('an answer that is read in the turn in which the time is over counts', async () => {
  const { patience, ended } = place()
  patience.begin()
  for (let tick = 0; tick < 8; tick++) vi.advanceTimersToNextTimer() // the last one leaves the decision to the end of the turn
  patience.end()
  await vi.advanceTimersByTimeAsync(MS)
  expect(ended()).toBe(0)
})

test('one timer serves all that is expected', () => {
  const made = vi.spyOn(globalThis, 'setTimeout')
  const { patience } = place()
  for (let n = 0; n < 100; n++) {
    patience.begin()
    patience.end()
  }
  expect(made).toHaveBeenCalledTimes(1)
})
