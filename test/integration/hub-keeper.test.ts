import { expect, test } from 'vitest'
import { MemoryError } from '../../src/errors/errors.js'
import { GIVE_UP_MS, KeeperComponent, LockQueue, STUCK_MS } from '../../src/hub/keeper-component.js'
import { runHub } from '../../src/hub/run.js'
import { systemClock } from '../../src/platform/clock.js'
import { makeTempFolder } from '../support/temp.js'
import { FakeEngine } from './fixtures/fake-engine.js'
import { serve } from './fixtures/serve.js'

const held = (pid = 4711, turn = 1): MemoryError => new MemoryError('failed', 'the lock is held', { details: { pid, turn } })

test('a command that is the keeper for a moment does not keep the hub from starting', async () => {
  const root = await makeTempFolder('msr-')
  const engine = new FakeEngine(root)
  let attempts = 0
  engine.start = () => (++attempts < 4 ? Promise.reject(held()) : Promise.resolve())
  await new KeeperComponent(engine, root, systemClock).start()
  expect(attempts).toBe(4)
})

test('a hub waits for its turn as long as the lock goes from one command to the next, and says so once', async () => {
  const root = await makeTempFolder('msr-')
  const engine = new FakeEngine(root)
  const began = performance.now()
  let turn = 0
  engine.start = () => (performance.now() - began < 3_200 ? Promise.reject(held(4711, turn++)) : Promise.resolve())
  const told: string[] = []
  await new KeeperComponent(engine, root, systemClock, undefined, (text) => told.push(text)).start()
  expect(turn).toBeGreaterThan(0)
  expect(told).toEqual([expect.stringContaining('waits for pid 4711')])
})

test('a hub gives up on a holder that gives no sign of life, and not because its round takes long', () => {
  const clock = { now: 0 }
  const [silent, alive] = [new LockQueue(() => clock.now), new LockQueue(() => clock.now)]
  const isStuck = (): boolean[] => [silent.isStuck('turn 1'), alive.isStuck(`turn 1, touched at ${Math.floor(clock.now / 5_000)}`)]
  const seen = [0, STUCK_MS - 1, STUCK_MS, GIVE_UP_MS - 1, GIVE_UP_MS].map((now) => {
    clock.now = now
    return isStuck()
  })
  expect(seen).toEqual([[false, false], [false, false], [true, false], [true, false], [true, true]])
})

test('where a hub answers, a second one does not wait for the lock', async () => {
  const { root, engine } = await serve()
  let attempts = 0
  engine.start = () => (attempts++, Promise.reject(held(process.pid)))
  const starting = new KeeperComponent(engine, root, systemClock).start()
  await expect(starting).rejects.toMatchObject({ code: 'failed', details: { pid: process.pid }, message: expect.stringContaining(`pid ${process.pid}`) })
  expect(attempts).toBe(1)
})

test('a hub that cannot start for another reason says that reason, and lets go of what it had', async () => {
  const root = await makeTempFolder('msr-')
  const engine = new FakeEngine(root)
  let closed = false
  engine.start = () => Promise.reject(new MemoryError('unavailable', 'the root cannot be written'))
  engine.close = () => {
    closed = true
    return Promise.resolve()
  }
  const listeners = process.listenerCount('SIGTERM')
  const options = { root, version: '1', open: () => Promise.resolve(engine), out: () => undefined }
  await expect(runHub(options)).rejects.toMatchObject({ code: 'unavailable' })
  expect(closed).toBe(true)
  expect(process.listenerCount('SIGTERM')).toBe(listeners)
})
