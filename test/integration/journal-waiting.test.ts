import { appendFile, readFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { formatLine } from '../../src/domain/json.js'
import { openLocalEngine } from '../../src/memory/engine.js'
import { systemClock } from '../../src/platform/clock.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

const WAITING = 1_000

test('a hub that starts answers before everything that waited is sent, and sends the rest while it answers', async () => {
  const redis = await startRedis()
  const root = await makeTempFolder()
  const options = { root, env: { HOME: root, MEMORY_SYNC_REDIS_URL: redis.url } }
  const away = await openLocalEngine({ ...options, env: { ...options.env, MEMORY_SYNC_REDIS_URL: `unix://${root}/nobody.sock` } })
  await away.write(aWrite('1'))
  await away.close()
  const path = `${root}/shared_memory/.memory_sync/journal`
  const line = (await readFile(path, 'utf8')).split('\n').find((text) => text.includes('agent:'))!
  const { op } = JSON.parse(line) as { op: { id: string } }
  const others = Array.from({ length: WAITING }, (_, n) => line.replace(op.id, n.toString(16).padStart(32, '0')).replace('"value":"1"', `"value":"${n}"`))
  await appendFile(path, `\n${others.join('\n')}\n`)

  // At every look at the clock so much time has passed: the hub has no time for more.
  const real = systemClock.now()
  let looks = 0
  const clock = vi.spyOn(systemClock, 'now').mockImplementation(() => real + 600 * looks++)
  afterwards(() => {
    clock.mockRestore()
  })
  const hub = await openLocalEngine(options)
  afterwards(() => hub.close())
  await hub.start()
  clock.mockRestore()
  expect((await hub.status()).pending).toBeGreaterThan(WAITING / 2)
  expect(await hub.write(aWrite('2'))).toMatchObject({ ok: true })
  expect(formatLine((await hub.read())!.context)).toContain('"a":2')
  await eventually(async () => (await hub.status()).pending === 0, { timeoutMs: 20_000, what: 'everything is sent' })
  expect(formatLine((await hub.read())!.context)).toContain('"a":2')
})
