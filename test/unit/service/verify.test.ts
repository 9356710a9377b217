import { describe, expect, test } from 'vitest'
import type { ServiceManager, ServiceState } from '../../../src/service/service.js'
import { verifyServes } from '../../../src/service/verify.js'

const running = (pid: number, starts: number): ServiceState => ({ is: 'running', pid, starts, lastExit: { code: 4 } })
const waiting: ServiceState = { is: 'waiting', lastExit: { code: 4 } }
const loop: ServiceState = { is: 'crash-loop', starts: 3, lastExit: { code: 4 } }
const times = (count: number, state: ServiceState): ServiceState[] => new Array<ServiceState>(count).fill(state)

/** The states one look after the other, the last one for good. `serves`: at each look. */
function verify(states: readonly ServiceState[], serves: (look: number) => number | null, patienceMs = 3_600_000): Promise<number> {
  let look = 0
  const manager = { name: 'a manager', state: () => Promise.resolve(states[Math.min(look, states.length - 1)]!) } as unknown as ServiceManager
  return verifyServes(manager, 'a.label', {
    clock: { pause: () => new Promise((resolve) => setImmediate(() => resolve(void look++))) },
    stderr: '/nowhere/log',
    root: '/the/root',
    whoServes: () => Promise.resolve(serves(look)),
    patienceMs,
  })
}

describe('a service is taken for running', () => {
  test('when its own process answers, however long that takes', async () => {
    await expect(verify(times(500, running(7, 1)), (look) => (look < 400 ? null : 7))).resolves.toBe(7)
  })

  test('at a later start, when the first ones fail', async () => {
    const states = [...times(30, running(7, 1)), waiting, ...times(30, running(8, 2)), waiting, running(9, 3)]
    await expect(verify(states, (look) => (look < 70 ? null : 9))).resolves.toBe(9)
  })
})

describe('a service is not taken for running', () => {
  test('when each process lives for long and then ends: that is a crash loop', async () => {
    const states = [1, 2, 3].flatMap((start) => [...times(200, running(start, start)), waiting])
    await expect(verify([...states, loop], () => null)).rejects.toThrow(
      'ends again and again (crash loop): 3 starts, last exit 4; for /the/root nobody answers',
    )
  })

  test('when it is looked at only while a process runs: that is a crash loop as well', async () => {
    const states = [1, 2, 3, 4].map((start) => running(start, start))
    await expect(verify(states, () => null)).rejects.toThrow('ends again and again (crash loop): 4 starts, last exit 4')
  })

  test('when another process answers for the root', async () => {
    await expect(verify([running(7, 1)], () => 99, 0)).rejects.toThrow('runs (pid 7); for /the/root pid 99 answers instead')
  })

  test('when nobody answers within the time', async () => {
    await expect(verify([running(7, 1)], () => null, 0)).rejects.toThrow('runs (pid 7); for /the/root nobody answers')
    await expect(verify([{ is: 'waiting', lastExit: null }], () => null, 0)).rejects.toThrow('does not run: it has not begun')
  })
})
