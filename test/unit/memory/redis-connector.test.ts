import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RedisConnector } from '../../../src/memory/redis-connector.js'
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
