import { expect, onTestFinished, test, vi } from 'vitest'
import { Agenda, idleMs } from '../../../src/core/agenda.js'

test.each(['while it rests', 'before it rests'])('who asks for a round %s is answered before it begins', async (when) => {
  const agenda = new Agenda()
  agenda.takesStore(0, true)
  const order: string[] = []
  const ask = (): void => {
    agenda.ask(0, 'files')
    process.nextTick(() => order.push('answer')) // as a socket is written to
  }
  if (when === 'before it rests') ask()
  const round = agenda.rest(() => ({ idleMs: 60_000, fileDueInMs: null }), () => false).then(() => order.push('round'))
  await Promise.resolve()
  if (when === 'while it rests') ask()
  await round
  expect(order).toEqual(['answer', 'round'])
})

test('who asks for something later than it wakes by itself wakes it in vain', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const agenda = new Agenda()
  agenda.takesStore(0, true)
  let looks = 0
  let isOver = false
  const next = (): { idleMs: number; fileDueInMs: null } => (looks++, { idleMs: 30_000, fileDueInMs: null })
  const rest = agenda.rest(next, () => false).then(() => (isOver = true))
  for (const [inMs, where] of [[10, 'store'], [20, 'store'], [15, 'files']] as const) {
    agenda.ask(inMs, where)
    await Promise.resolve()
  }
  expect(looks).toBe(2) // in the beginning, and when the first one asked
  await vi.advanceTimersByTimeAsync(9)
  expect(isOver).toBe(false)
  await vi.advanceTimersByTimeAsync(2)
  await rest
})

test('after a failure nothing is tried for a while, and for a shorter one when somebody waits', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  for (const [isWaitedFor, ms] of [[false, 1_000], [true, 100]] as const) {
    const agenda = new Agenda()
    agenda.holdOff(1_000)
    let isOver = false
    const rest = agenda.rest(() => ({ idleMs: 30_000, fileDueInMs: 0 }), () => false).then(() => (isOver = true))
    if (isWaitedFor) agenda.hurry(100)
    agenda.ask(0, 'store')
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(2)
    await rest
  }
})

test.each([
  ['all is well', { isSettled: true, roundsBehind: 0, pending: 0 }, 30_000],
  ['Redis is away', { isSettled: false, roundsBehind: 7, pending: 0 }, 500],
  ['something waits', { isSettled: true, roundsBehind: 0, pending: 1 }, 500],
  ['a join has just failed', { isSettled: true, roundsBehind: 1, pending: 1 }, 500],
  ['the fourth one has', { isSettled: true, roundsBehind: 4, pending: 0 }, 2_000],
  ['none ever succeeds', { isSettled: true, roundsBehind: 10_000, pending: 1 }, 30_000],
])('a hub looks again by itself, where %s', (_, facts, ms) => {
  expect(idleMs(facts)).toBe(ms)
})
