import { appendFile, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openLocalEngine } from '../../src/memory/engine.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

/** More than a call may have arguments. */
const LINES = 150_000

test('however many writes wait in the journal, they are read, counted and added to', async () => {
  const root = await makeTempFolder()
  const options = { root, env: { HOME: root, MEMORY_SYNC_REDIS_URL: `unix://${root}/nobody.sock` } }
  const first = await openLocalEngine(options)
  expect(await first.write(aWrite('1'))).toMatchObject({ ok: true, durability: 'file' })
  await first.close()

  const path = `${root}/shared_memory/.memory_sync/journal`
  const line = (await readFile(path, 'utf8')).split('\n').find((text) => text.includes('"op"') && text.includes('agent:'))!
  const { op } = JSON.parse(line) as { op: { id: string } }
  const others = Array.from({ length: LINES }, (_, n) => line.replace(op.id, n.toString(16).padStart(32, '0')))
  await appendFile(path, `\n${others.join('\n')}\n`)

  const engine = await openLocalEngine(options)
  afterwards(() => engine.close())
  expect(await engine.status()).toMatchObject({ pending: LINES + 1 })
  expect(await engine.examine()).toMatchObject({ oldestPending: expect.any(Number) })
  await engine.start()
  expect(await engine.write(aWrite('2'))).toMatchObject({ ok: true, pending: LINES + 2 })
})
