import { expect, it } from 'vitest'
import type { AcquireOutcome, Leasing } from '../../../src/core/leasing.js'
import { MemoryError } from '../../../src/errors/errors.js'
import type { LeaseView, ShownHolder } from '../../../src/store/lease-contract.js'
import { acquireLock, renewLock } from '../../../src/usecases/lock.js'
import { FakeMemory, fakeSurroundings } from '../../support/fake-memory.js'
import { noLeases } from '../../support/no-leases.js'

const heldBy = (name: string): ShownHolder => ({ name, leftMs: 5_000, fence: 3, ttlMs: 60_000, reason: '', since: 0, count: 1, root: 'r', process: '' })
const free: LeaseView = { name: 'deploy', fence: 3, holder: null, queue: [], withheld: null, foreign: null }
const takenBy = (name: string): AcquireOutcome => ({ is: 'taken', holder: heldBy(name), position: 1, retryMs: 0 })

function refusedBy(look: Leasing['look'], waitMs: number): Promise<unknown> {
  const surroundings = fakeSurroundings(new FakeMemory())
  const leases: Leasing = { ...noLeases, acquire: () => Promise.resolve(takenBy('mary')), look }
  const memory = Object.assign(surroundings.memory, { leases })
  return acquireLock({ ...surroundings, memory }, { name: 'deploy', ttlMs: 1_000, waitMs }).catch((error: unknown) => error)
}

it.each([
  ['rnd has it', { ...free, holder: heldBy('rnd') }],
  ['others have waited for it for longer', { ...free, queue: [{ id: 'x', name: 'rnd' }] }],
  ['nobody has it by now', free],
])('who has waited in vain is told how it is by then: %s', async (why, view) => {
  expect(await refusedBy(() => Promise.resolve(view), 9_000)).toMatchObject({ code: 'timeout', message: expect.stringContaining(why) as string })
})

it('who has waited in vain is told what was seen last where nobody can be asked any more', async () => {
  const away = (): Promise<never> => Promise.reject(new MemoryError('unavailable', 'away'))
  expect(await refusedBy(away, 9_000)).toMatchObject({ code: 'timeout', message: expect.stringContaining('when it could be seen last, mary has it') as string })
})

it('who has not waited is told what he was answered', async () => {
  expect(await refusedBy(() => Promise.reject(new Error('nobody looks')), 0)).toMatchObject({ code: 'held', message: expect.stringContaining('mary has it') as string })
})

it('a lease is renewed for no shorter than it can be acquired for', async () => {
  const surroundings = fakeSurroundings(new FakeMemory())
  const renew: Leasing['renew'] = ({ ttlMs = 0 }) => Promise.resolve({ is: 'granted', fence: 3, leftMs: ttlMs, ttlMs, again: true, asOf: 0 })
  const memory = Object.assign(surroundings.memory, { leases: { ...noLeases, renew } })
  const refused = { code: 'usage', message: 'a lease lasts at least 0.1 s' }
  await expect(acquireLock({ ...surroundings, memory }, { name: 'deploy', ttlMs: 99 })).rejects.toMatchObject(refused)
  await expect(renewLock({ memory }, { name: 'deploy', token: 't', ttlMs: 99 })).rejects.toMatchObject(refused)
  expect(await renewLock({ memory }, { name: 'deploy', token: 't', ttlMs: 100 })).toMatchObject({ ttlMs: 100 })
})
