import { expect, it, vi } from 'vitest'
import type { AcquireOutcome } from '../../../src/core/leasing.js'
import { type Granting, LeaseWaiting } from '../../../src/core/lease-waiting.js'
import type { AcquireCall } from '../../../src/domain/lease.js'
import type { Hearing, LeaseStore, LeaseView } from '../../../src/store/lease-contract.js'

const taken: AcquireOutcome = { is: 'taken', holder: null, position: 1, retryMs: 60_000 }
const callOf = (id: string): AcquireCall => ({ id, name: 'deploy', token: id, holder: id, reason: '', ttlMs: 1_000, process: '', waits: true })

/** Waiting with files only. `wake` wakes everybody. */
function filesOnly(given: { look: () => Promise<LeaseView>; attempt: (call: AcquireCall) => AcquireOutcome }) {
  let heard: Hearing = () => undefined
  let attempts = 0
  const looker = {
    hear: (hearing: Hearing) => {
      heard = hearing
      return Promise.resolve(() => Promise.resolve())
    },
    look: given.look,
  } as unknown as LeaseStore
  const granting: Granting = {
    attempt: (call) => {
      attempts++
      return Promise.resolve(given.attempt(call))
    },
    take: () => Promise.reject(new Error('nothing is handed over with files only')),
    leave: () => Promise.resolve(),
    look: given.look,
    endIfGone: () => Promise.resolve(false),
    hearable: () => Promise.resolve(looker),
    looker,
  }
  return { waiting: new LeaseWaiting(granting), wake: () => heard('', null), attempts: () => attempts }
}

const behind = (id: string): LeaseView => ({ name: 'deploy', fence: 1, holder: null, queue: [{ id, name: '' }], withheld: null, foreign: null })

it('with files only, one look serves all who are woken at once, and it begins after they were', async () => {
  let view = behind('nobody')
  let looks = 0
  const { waiting, wake, attempts } = filesOnly({
    look: () => {
      looks++
      return Promise.resolve(view)
    },
    attempt: ({ id }) => (view.queue[0]?.id === id ? { is: 'granted', fence: 2, leftMs: 1_000, again: false, ttlMs: 1_000, asOf: 0 } : taken),
  })
  const ends = Array.from({ length: 20 }, () => new AbortController())
  const until = performance.now() + 60_000
  const all = ends.map(({ signal }, n) => waiting.turnOf(callOf(`w${n}`), taken, until, signal))
  await expect.poll(attempts).toBe(20)
  wake()
  await expect.poll(() => looks).toBeGreaterThan(0)
  view = behind('w7')
  wake()
  expect(await all[7]).toMatchObject({ is: 'granted', fence: 2 })
  expect(looks).toBe(2)
  expect(attempts()).toBe(21)
  for (const end of ends) end.abort()
  await Promise.all(all)
  await waiting.close()
})

it('with files only, who asks while somebody looks shares the next look, and afterwards nothing of it is kept', async () => {
  const underWay: (() => void)[] = []
  let begun = 0
  let most = 0
  const { waiting, wake, attempts } = filesOnly({
    look: () =>
      new Promise((resolve) => {
        begun++
        most = Math.max(most, underWay.push(() => resolve(behind('nobody'))))
      }),
    attempt: () => taken,
  })
  const end = new AbortController()
  const until = performance.now() + 60_000
  const all: Promise<AcquireOutcome>[] = []
  for (const n of [1, 2, 3]) {
    all.push(waiting.turnOf(callOf(`w${n}`), taken, until, end.signal))
    await expect.poll(attempts).toBe(n)
    wake() // of those who look already, each asks once more when it is over
    if (n === 1) await expect.poll(() => begun).toBe(1)
  }
  await vi.waitFor(() => {
    underWay.shift()?.()
    expect(waiting['looks'].size).toBe(0)
  })
  expect(begun, 'with those who asked meanwhile').toBeGreaterThan(1)
  expect(most).toBe(1)
  end.abort()
  await Promise.all(all)
  await waiting.close()
})
