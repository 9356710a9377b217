import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { connectHubOf } from '../../src/client/connect.js'
import { HubGone } from '../../src/client/connection.js'
import type { HubClient } from '../../src/client/hub-client.js'
import { usualSocketPath } from '../../src/client/socket-path.js'
import type { Notice } from '../../src/core/memory.js'
import { hubStatus, stopHub } from '../../src/client/control.js'
import { NO_HANG_MS } from '../support/budget.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'
import { prepareHubProgram, spawnHub, startHub } from './fixtures/hub-processes.js'

const BUDGET_MS = 200

beforeAll(prepareHubProgram)

async function clientOf(root: string, reconnectMs = 10_000): Promise<HubClient> {
  const client = await eventually(() => connectHubOf(root, { budgetMs: BUDGET_MS, reconnectMs }))
  afterwards(() => client.close())
  return client
}

async function elapsed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await action()
  return performance.now() - startedAt
}

test('a hub logs each line at once, ends at SIGTERM with 0, and leaves no socket', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  expect(hub.log()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO {2}memory_sync 1\.2\.3 starts/)
  expect(hub.log()).toMatch(/ready: rev 0, 3 agents, 0 pending, redis off\n$/)
  hub.signal('SIGTERM')
  expect(await hub.ended()).toBe(0)
  expect(hub.log()).toMatch(/stopping: SIGTERM\n.* stopped\n$/)
  expect(existsSync(usualSocketPath(root))).toBe(false)
})

test('a second signal does not wait for what does not end', async () => {
  const hub = await startHub(await makeTempFolder('msr-'), 'stuck')
  hub.signal('SIGTERM')
  await eventually(() => hub.log().includes('stopping: SIGTERM'))
  hub.signal('SIGINT')
  expect(await hub.ended()).toBe(130)
})

test('a second hub of a root exits 1 and names the first, which goes on', async () => {
  const root = await makeTempFolder('msr-')
  const first = await startHub(root)
  const second = await spawnHub(root)
  expect(await second.ended()).toBe(1)
  expect(second.errors()).toContain(`a hub of ${root} runs already: pid ${first.pid}`)
  expect(await (await clientOf(root)).write(aWrite())).toMatchObject({ ok: true, rev: 1 })
})

test('a hub that was killed is followed by another, in spite of the socket that it left', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  hub.signal('SIGKILL')
  await hub.ended()
  expect(existsSync(usualSocketPath(root))).toBe(true)
  expect(await connectHubOf(root, { budgetMs: BUDGET_MS })).toBeNull()
  await startHub(root)
  expect(await (await clientOf(root)).write(aWrite())).toMatchObject({ ok: true })
})

test('a stopped hub costs a new client its budget, and one in the middle of things no more', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  const client = await clientOf(root)
  await client.submit(aWrite('1'), { id: 'one' })
  hub.signal('SIGSTOP')

  let found: unknown
  expect(await elapsed(async () => (found = await connectHubOf(root, { budgetMs: BUDGET_MS })))).toBeLessThan(NO_HANG_MS)
  expect(found).toBeNull()

  let failure: unknown
  expect(await elapsed(async () => (failure = await client.submit(aWrite('2'), { id: 'two' }).catch((error: unknown) => error)))).toBeLessThan(NO_HANG_MS)
  expect(failure).toBeInstanceOf(HubGone)
  expect(failure).toMatchObject({ code: 'unavailable', sent: true })
  await expect(client.status()).rejects.toMatchObject({ sent: false })

  // What was sent is carried out when it wakes; the same id sent again finds that out.
  hub.signal('SIGCONT')
  const again = await clientOf(root)
  await eventually(async () => (await again.status()).rev === 2)
  expect(await again.submit(aWrite('2'), { id: 'two' })).toMatchObject({ rev: 2, replayed: true })
})

test('more clients than a stopped hub can queue are let go within their budget', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  hub.signal('SIGSTOP')
  const all = Array.from({ length: 700 }, () => connectHubOf(root, { budgetMs: BUDGET_MS }))
  expect(await elapsed(async () => expect(new Set(await Promise.all(all))).toEqual(new Set([null])))).toBeLessThan(NO_HANG_MS)
})

test('a stopped hub is called that, by its pid, and is not said to have ended', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  const options = { keeperPid: () => Promise.resolve(hub.pid), budgetMs: BUDGET_MS, goneMs: 500 }
  expect(await hubStatus(root, options)).toMatchObject({ is: 'running', hub: { pid: hub.pid }, status: { hub: { running: true, pid: hub.pid } } })
  hub.signal('SIGSTOP')
  expect(await hubStatus(root, options)).toEqual({ is: 'silent', pid: hub.pid })
  await expect(stopHub(root, options)).rejects.toMatchObject({ code: 'failed', details: { pid: hub.pid }, message: expect.stringContaining(String(hub.pid)) })
  hub.signal('SIGCONT')
  expect(await stopHub(root, { ...options, goneMs: 10_000 })).toEqual({ pid: hub.pid })
  expect(await hub.ended()).toBe(0)
  expect(hub.log()).toMatch(/stopping: asked over the control socket/)
  expect(await stopHub(root, options)).toBeNull()
  expect(await hubStatus(root, options)).toEqual({ is: 'absent' })
})

test('a hub that was asked to end and does not is told by its pid', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root, 'stuck')
  await expect(stopHub(root, { keeperPid: () => Promise.resolve(hub.pid), goneMs: 300 })).rejects.toMatchObject({ code: 'failed', details: { pid: hub.pid } })
})

test('a watch goes on after its last cursor when the hub was killed and restarted, again and again', async () => {
  const root = await makeTempFolder('msr-')
  let hub = await startHub(root)
  const { revs, readies } = follow(await clientOf(root))
  for (let round = 0; round < 3; round++) {
    await write(root, 20)
    await eventually(() => revs.length === round * 40 + 20)
    hub.signal('SIGKILL')
    await hub.ended()
    hub = await startHub(root)
    await write(root, 20)
    await eventually(() => revs.length === round * 40 + 40)
  }
  expect(revs).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
  expect(readies()).toBe(1)
})

test('a watch notices that its hub is stopped, and goes on without a gap when it wakes', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  const lost = await clientOf(root, 300)
  const gone = expect(toItsEnd(lost.watch({ signal: new AbortController().signal }))).rejects.toMatchObject({ name: 'StoreUnavailable' })
  const { revs } = follow(await clientOf(root, 20_000))
  await write(root, 5)
  await eventually(() => revs.length === 5)
  hub.signal('SIGSTOP')
  await gone
  hub.signal('SIGCONT')
  await write(root, 5)
  await eventually(() => revs.length === 10)
  expect(revs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
}, 60_000)

test('nothing of a hub stays behind in the root but what it keeps', async () => {
  const root = await makeTempFolder('msr-')
  const hub = await startHub(root)
  await write(root, 1)
  hub.signal('SIGTERM')
  await hub.ended()
  const kept = readdirSync(`${root}/shared_memory/.memory_sync`, { recursive: true, withFileTypes: true })
  expect(kept.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)).toEqual(['changes'])
  expect(readFileSync(`${root}/shared_memory/.memory_sync/changes`, 'utf8').split('\n')).toHaveLength(2)
})

async function write(root: string, count: number): Promise<void> {
  const client = await clientOf(root)
  for (let i = 0; i < count; i++) await client.write(aWrite(String(i)))
  await client.close()
}

/** Collects the revisions of a watch from the beginning until the test ends. */
function follow(client: HubClient): { revs: number[]; readies: () => number } {
  const abort = new AbortController()
  const revs: number[] = []
  let readies = 0
  const done = (async () => {
    for await (const notice of client.watch({ since: '0', signal: abort.signal })) {
      if (notice.is === 'change') revs.push(notice.change.rev)
      if (notice.is === 'ready') readies++
    }
  })()
  afterwards(async () => {
    abort.abort()
    await done
  })
  return { revs, readies: () => readies }
}

async function toItsEnd(notices: AsyncIterable<Notice>): Promise<number> {
  let count = 0
  for await (const _ of notices) count++
  return count
}
