import { expect, test } from 'vitest'
import { HubGone } from '../../../src/client/connection.js'
import type { LocalEngine } from '../../../src/core/engine.js'
import type { AcquireRequest, ReleaseRequest } from '../../../src/core/leasing.js'
import type { Memory } from '../../../src/core/memory.js'
import { NotTaken } from '../../../src/errors/errors.js'
import { openMemory } from '../../../src/memory/open.js'

const REQUEST: AcquireRequest = { id: 'a1', name: 'deploy', token: 't1', holder: 'mary', ttlMs: 300_000, waitMs: 0, reason: '' }

/** Of which `then` happens when it has granted a lease, and before it says so. */
async function granting(then: (memory: Memory) => void): Promise<{ memory: Memory; released: ReleaseRequest[] }> {
  const memory = await openMemory({ root: '/nowhere', env: {}, pastHub: true })
  const released: ReleaseRequest[] = []
  const leases = {
    acquire: async () => {
      then(memory)
      return { is: 'granted', fence: 1, leftMs: 300_000, asOf: 0 }
    },
    release: async (request: ReleaseRequest) => {
      released.push(request)
      return { is: 'released' }
    },
  }
  const engine = { leases, close: async () => undefined } as unknown as LocalEngine
  Object.assign(memory, { self: Promise.resolve(engine) })
  return { memory, released }
}

test('a lease that is granted in the moment of the abort is given back, and the call ends with the reason of the abort', async () => {
  const end = new AbortController()
  const reason = new Error('not any more')
  const { memory, released } = await granting(() => {
    end.abort(reason)
  })
  await expect(memory.leases.acquire(REQUEST, end.signal)).rejects.toBe(reason)
  expect(released).toMatchObject([{ name: 'deploy', token: 't1', by: 'mary' }])
})

test('a lease that is granted while the memory is closed is given back', async () => {
  const { memory, released } = await granting((closed) => void closed.close())
  await expect(memory.leases.acquire(REQUEST)).rejects.toMatchObject({ code: 'usage' })
  expect(released).toMatchObject([{ name: 'deploy', token: 't1', by: 'mary' }])
})

test('a lease that is granted before the abort is kept', async () => {
  const { memory, released } = await granting(() => undefined)
  await expect(memory.leases.acquire(REQUEST, new AbortController().signal)).resolves.toMatchObject({ is: 'granted' })
  expect(released).toEqual([])
})

/** Nobody takes the write here. `sent`: whether the hub had it when it went; null: there is no hub. */
async function refused(sent: boolean | null, { ifRev, operationId }: { ifRev?: number; operationId?: string } = {}): Promise<unknown> {
  const memory = await openMemory({ root: '/nowhere', env: {}, ...(operationId !== undefined && { operationId }) })
  const hub = sent === null ? null : { submit: () => Promise.reject(new HubGone('the hub does not answer', sent)) }
  const link = { take: async () => hub, takePatiently: async () => null, drop: () => undefined, leave: () => undefined }
  const engine = { submit: () => Promise.reject(new NotTaken('the disk is full')) }
  Object.assign(memory, { link, self: Promise.resolve(engine) })
  const request = { target: 'agent:mary', kind: 'set' as const, by: 'x', edits: [], ...(ifRev !== undefined && { ifRev }) }
  return memory.write(request).catch((error: unknown) => error)
}

test.each([{}, { ifRev: 1 }])('of a write (%j) that a silent hub was sent, nobody says that nothing was written', async (condition) => {
  const unknown = { code: 'unknown-outcome', message: expect.stringMatching(/disk is full: it is not known/) }
  const none = { code: 'unavailable', message: 'the disk is full: nothing was written' }
  expect(await refused(true, condition)).toMatchObject(unknown)
  expect(await refused(false, condition)).toMatchObject(none)
  expect(await refused(null, condition)).toMatchObject(none)
  expect(await refused(null, { ...condition, operationId: 'a'.repeat(32) }), 'by another process').toMatchObject(unknown)
})
