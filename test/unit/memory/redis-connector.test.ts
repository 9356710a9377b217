import { writeFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { RedisConnector } from '../../../src/memory/redis-connector.js'
import { startRedis } from '../../support/redis.js'
import { makeTempFolder } from '../../support/temp.js'

test('of a Redis that nobody has named and that is not found it says so, and why; of one that was named, only why', async () => {
  const folder = await makeTempFolder()
  const endpoint = { socket: `${folder}/redis.sock`, db: 0 }
  const reasonOf = async (redis: ConstructorParameters<typeof RedisConnector>[0]): Promise<string | null> => {
    const connector = new RedisConnector(redis, 'memory', true)
    expect(await connector.connect()).toBeNull()
    await connector.close()
    return connector.reason
  }
  const looked = { state: 'probe' as const, endpoints: [endpoint] }
  expect(await reasonOf(looked)).toBe('nothing was named, and no Redis was found at the usual places')
  writeFileSync(endpoint.socket, '')
  expect(await reasonOf(looked)).toMatch(/^nothing was named, and no Redis was found at the usual places: .*redis\.sock/)
  expect(await reasonOf({ state: 'named', endpoint, from: 'REDIS_URL' })).not.toContain('was found')
})

test('why it could not be reached is told with what to do about it, and not any more when it is', async () => {
  const redis = await startRedis()
  const connector = new RedisConnector({ state: 'named', endpoint: { socket: redis.socketPath, db: 0 }, from: 'REDIS_URL' }, 'memory', true)
  expect(connector.failure).toBeNull()
  await redis.kill('SIGKILL')
  expect(await connector.connect()).toBeNull()
  expect(connector.failure).toMatchObject({ because: 'absent', suggestions: [expect.stringContaining('start it')] })
  await redis.restart()
  await vi.waitFor(async () => expect(await connector.connect()).not.toBeNull())
  expect(connector.failure).toBeNull()
  await connector.close()
})
