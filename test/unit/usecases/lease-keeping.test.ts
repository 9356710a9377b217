import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Leasing, RenewOutcome } from '../../../src/core/leasing.js'
import { MemoryError } from '../../../src/errors/errors.js'
import { LeaseKeeping } from '../../../src/usecases/lease-keeping.js'
import { FakeMemory } from '../../support/fake-memory.js'

const TTL = 60_000

/** A machine whose clocks are moved by hand, and whoever grants leases there. */
class Machine {
  now = 0
  suspendedMs = 0
  /** When a renewal was asked for. */
  readonly renewals: number[] = []
  readonly told: string[] = []
  answer: () => Promise<RenewOutcome> = () => Promise.resolve({ is: 'granted', fence: 7, leftMs: TTL, again: true })

  keep(): LeaseKeeping {
    const leases: Partial<Leasing> = {
      renew: () => {
        this.renewals.push(this.now)
        return this.answer()
      },
    }
    const memory = Object.assign(new FakeMemory(), { leases: leases as Leasing })
    const watch = { now: () => this.now, sinceBoot: () => this.now + this.suspendedMs }
    const lease = { ok: true as const, name: 'deploy', token: 't', fence: 7, ttlMs: TTL, holder: 'mary' }
    return new LeaseKeeping(memory, lease, TTL, 0, watch, {
      renewed: () => undefined,
      ending: () => this.told.push(`ending at ${this.now}`),
      over: (why) => this.told.push(`over at ${this.now}: ${why}`),
    })
  }

  async pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 100) {
      this.now += 100
      await vi.advanceTimersByTimeAsync(100)
    }
  }
}

let machine: Machine
beforeEach(() => {
  vi.useFakeTimers()
  machine = new Machine()
})
afterEach(() => {
  vi.useRealTimers()
})

it('renews a lease at a third of its time, for as long as it goes on', async () => {
  const keeping = machine.keep()
  await machine.pass(3 * TTL)
  expect(machine.renewals.slice(0, 3)).toEqual([20_000, 40_000, 60_000])
  expect(machine.told).toEqual([])
  keeping.end()
  await machine.pass(TTL)
  expect(machine.renewals.length).toBeLessThanOrEqual(9)
})

it('says in time that a lease which cannot be renewed ends, and tries until then', async () => {
  machine.answer = () => Promise.reject(new MemoryError('unavailable', 'Redis is away'))
  machine.keep()
  await machine.pass(TTL)
  expect(machine.renewals.length).toBeGreaterThan(5)
  expect(machine.told).toEqual(['ending at 50000', 'over at 55000: it could not be renewed in time (Redis is away)'])
})

it('says so also when nobody ever answers', async () => {
  machine.answer = () => new Promise(() => undefined)
  machine.keep()
  await machine.pass(TTL)
  expect(machine.told).toEqual(['ending at 50000', 'over at 55000: it could not be renewed in time'])
})

it('says at once that a lease is another one’s', async () => {
  machine.answer = () => Promise.resolve({ is: 'wrong-token', holder: 'rnd' })
  machine.keep()
  await machine.pass(TTL)
  expect(machine.told).toEqual([expect.stringMatching(/^over at 20000: .*rnd/)])
})

it('counts from before the call, however late its answer comes', async () => {
  machine.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    machine.answer = () => new Promise(() => undefined)
    return { is: 'granted', fence: 7, leftMs: TTL, again: true }
  }
  machine.keep()
  await machine.pass(2 * TTL)
  expect(machine.told[0]).toBe('ending at 70000')
})

it('asks at once after the machine was suspended, and is not led astray by a wall clock that is set', async () => {
  machine.keep()
  vi.setSystemTime(Date.now() + 86_400_000)
  await machine.pass(5_000)
  expect([machine.renewals, machine.told]).toEqual([[], []])
  machine.suspendedMs = 30_000
  await machine.pass(2_000)
  expect(machine.renewals).toEqual([6_000])
})
