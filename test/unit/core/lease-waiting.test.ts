import { expect, it } from 'vitest'
import type { AcquireOutcome } from '../../../src/core/leasing.js'
import { type Granting, LeaseWaiting } from '../../../src/core/lease-waiting.js'
import type { AcquireCall } from '../../../src/domain/lease.js'
import type { Hearing, LeaseStore, LeaseView } from '../../../src/store/lease-contract.js'

const taken: AcquireOutcome = { is: 'taken', holder: null, position: 1, retryMs: 60_000 }
const callOf = (id: string): AcquireCall => ({ id, name: 'deploy', token: id, holder: id, reason: '', ttlMs: 1_000, process: '', waits: true })

it('with files only, one look serves all who are woken at once, and it begins after they were', async () => {
  let heard: Hearing = () => undefined
  let view: LeaseView = { name: 'deploy', fence: 1, holder: null, queue: [{ id: 'nobody', name: '' }], withheld: null, foreign: null }
  let looks = 0
  let attempts = 0
  const looker = {
    hear: (hearing: Hearing) => {
      heard = hearing
      return Promise.resolve(() => Promise.resolve())
    },
    look: () => {
      looks++
      return Promise.resolve(view)
    },
  } as unknown as LeaseStore
  const granting: Granting = {
    attempt: ({ id }) => {
      attempts++
      return Promise.resolve(view.queue[0]?.id === id ? { is: 'granted', fence: 2, leftMs: 1_000, again: false, ttlMs: 1_000, asOf: 0 } : taken)
    },
    take: () => Promise.reject(new Error('nothing is handed over with files only')),
    leave: () => Promise.resolve(),
    look: () => Promise.resolve(view),
    endIfGone: () => Promise.resolve(false),
    hearable: () => Promise.resolve(looker),
    looker,
  }
  const waiting = new LeaseWaiting(granting)
  const ends = Array.from({ length: 20 }, () => new AbortController())
  const until = performance.now() + 60_000
  const all = ends.map(({ signal }, n) => waiting.turnOf(callOf(`w${n}`), taken, until, signal))
  await expect.poll(() => attempts).toBe(20)
  heard('', null)
  await expect.poll(() => looks).toBeGreaterThan(0)
  view = { ...view, queue: [{ id: 'w7', name: '' }] }
  heard('', null)
  expect(await all[7]).toMatchObject({ is: 'granted', fence: 2 })
  expect(looks).toBe(2)
  expect(attempts).toBe(21)
  for (const end of ends) end.abort()
  await Promise.all(all)
  await waiting.close()
})
