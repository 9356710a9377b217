import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { LocalEngine } from '../../src/core/engine.js'
import { formatLine } from '../../src/domain/json.js'
import { openConnector, openLocalEngine, rootFilesOf } from '../../src/memory/engine.js'
import { leasePortsOf } from '../../src/memory/lease-ports.js'
import { systemClock } from '../../src/platform/clock.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

test('a hub that has lost its place writes nothing any more, says so once, and what it acknowledged is kept', async () => {
  const folder = await makeTempFolder()
  const options = { root: folder, env: { HOME: folder, MEMORY_SYNC_REDIS: 'off' } }
  const root = rootFilesOf(folder)
  const fileStore = fileStoreOf(root, systemClock, () => Promise.resolve(null))
  let isOurs = true
  const engine = new LocalEngine({
    watchFiles: () => () => undefined,
    leases: () => Promise.resolve(leasePortsOf({ root: folder, config: { lock: {} } as never, fileStore })),
    ports: {
      ...{ root, clock: systemClock, fileStore, connector: await openConnector(options) },
      lock: {
        holder: () => root.lock.holder(),
        tryAcquire: async () => {
          const held = await root.lock.tryAcquire()
          return held === null ? null : { release: () => held.release(), isOurs: () => Promise.resolve(isOurs) }
        },
      },
      randomId: () => randomBytes(16).toString('hex'),
      digest: (text) => createHash('sha256').update(text).digest('hex'),
    },
  })
  afterwards(() => engine.close())
  const told: string[] = []
  await engine.start((why) => told.push(why))
  expect(await engine.write(aWrite('1'))).toMatchObject({ ok: true })
  const kept = (): Promise<string[]> =>
    Promise.all(['context.json', '.memory_sync/state.json', '.memory_sync/history'].map((name) => readFile(`${folder}/shared_memory/${name}`, 'utf8').catch(() => '')))

  isOurs = false
  const before = await kept()
  expect(await engine.write(aWrite('2'))).toMatchObject({ ok: true, durability: 'file' })
  await expect(engine.leases.acquire({ id: 'a', name: 'x', token: 't', holder: 'h', reason: '', ttlMs: 1_000, waitMs: 0 })).rejects.toMatchObject({ code: 'unavailable' })
  await engine.stop()
  expect(await kept()).toEqual(before)
  expect(told).toEqual([expect.stringContaining('not the keeper of the root any more')])

  const next = await openLocalEngine(options)
  afterwards(() => next.close())
  await next.start()
  expect(formatLine((await next.read())!.context)).toContain('"context":{"a":2}')
})
