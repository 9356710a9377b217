import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { LastingRedis } from '../../src/platform/lasting-redis.js'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

test('a server whose port somebody else has is not even started, so that nothing passes for it', async () => {
  const other = await startRedis({ tcp: true })
  const [folder, elsewhere] = [await makeTempFolder(), await makeTempFolder()]
  const program = `${elsewhere}/redis-server`
  await writeFile(program, `#!/bin/sh\n: > '${elsewhere}/started'\n`, { mode: 0o755 })
  const server = new LastingRedis({ folder, program, where: { host: '127.0.0.1', port: other.port! }, password: 'secret' }, process.env)
  await expect(server.ensure()).rejects.toThrow(`the private Redis in ${folder} cannot be started: somebody else listens on its port ${other.port}`)
  expect(existsSync(`${elsewhere}/started`)).toBe(false)
  expect(await readdir(folder)).toEqual([])
  expect(await server.isRunning()).toBe(false)
})
