import { expect, test } from 'vitest'
import type { HubClient } from '../../src/client/hub-client.js'
import type { ControlServer } from '../../src/hub/server.js'
import { HubLink } from '../../src/memory/hub-link.js'
import { openMemory } from '../../src/memory/open.js'
import { MemoryError } from '../../src/errors/errors.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'
import { serve } from './fixtures/serve.js'

/** As the hub sees it. */
const connected = (server: ControlServer): number => (server as unknown as { sessions: Set<unknown> }).sessions.size
const isOpen = (hub: HubClient): boolean => (hub as unknown as { connection: { isOpen: boolean } }).connection.isOpen

async function linked() {
  const served = await serve()
  const link = new HubLink(served.root)
  afterwards(() => link.close())
  return { ...served, link }
}

test('of many calls that a hub refuses one connection is left, and none when the memory is closed', async () => {
  const { root, engine, server } = await serve()
  engine.beforeWrite = () => {
    throw new MemoryError('unavailable', 'Redis is away')
  }
  const memory = await openMemory({ root, env: { MEMORY_SYNC_REDIS: 'off', HOME: root } })
  afterwards(() => memory.close())
  for (let n = 0; n < 5; n++) await expect(memory.write({ ...aWrite(), ifRev: 0 })).rejects.toMatchObject({ code: 'unavailable' })
  await eventually(() => connected(server) === 1)
  await memory.close()
  await eventually(() => connected(server) === 0)
})

test('a client that one call drops is open until the last that asks it has left', async () => {
  const { link, server } = await linked()
  const [first, second] = [(await link.take())!, (await link.take())!]
  expect(second).toBe(first)
  link.drop(first)
  link.leave(first)
  expect(isOpen(second)).toBe(true)
  link.drop(second)
  link.leave(second)
  expect(isOpen(second)).toBe(false)
  await eventually(() => connected(server) === 0)
})

test('the present client is kept when nobody asks it, until a patient one takes its place', async () => {
  const { link, server } = await linked()
  const first = (await link.take())!
  link.leave(first)
  expect(isOpen(first)).toBe(true)
  const patient = (await link.takePatiently())!
  expect(isOpen(first)).toBe(false)
  link.drop(first) // by a call that hears of it late
  link.leave(patient)
  expect(await link.take()).toBe(patient)
  expect(isOpen(patient)).toBe(true)
  await eventually(() => connected(server) === 1)
})

test.each(['take', 'takePatiently'] as const)('a hub that answers when the memory is closed already is left at once: %s', async (how) => {
  const { link, server } = await linked()
  const taking = link[how]()
  await link.close()
  expect(await taking).toBeNull()
  await eventually(() => connected(server) === 0)
})

test('without a hub there is none', async () => {
  const link = new HubLink(await makeTempFolder())
  expect([await link.take(), await link.takePatiently()]).toEqual([null, null])
  await link.close()
})
