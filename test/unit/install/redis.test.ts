import { expect, it } from 'vitest'
import { decideRedis } from '../../../src/install/redis.js'
import { configure } from '../../support/configure.js'
import { makeTempFolder } from '../../support/temp.js'

const PRIVATE = { url: 'redis://localhost:1', password: 'p', managed: { root: '/r', folder: '/f', program: 'redis-server' } }

it.each([{ REDIS_URL: 'redis://localhost:1' }, { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' }, { REDIS_PORT: '1' }])(
  'a Redis that the environment names goes before a private one of an earlier installation: %j',
  async (named) => {
    const home = await makeTempFolder()
    await configure(home, { redis: PRIVATE })
    const env = { HOME: home, PATH: process.env['PATH'], ...named }
    await expect(decideRedis({ asked: 'auto', env, flags: {}, before: null })).rejects.toMatchObject({ code: 'unavailable' })
  },
)
