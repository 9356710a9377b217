import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { readdir, readFile, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { read } from '../repo/repository.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'

interface Service {
  ports: string[]
  command: [string, string, string]
  healthcheck: { test: [string, string] }
  volumes: string[]
}
const { redis } = (parse(read('docs/compose.yaml')) as { services: { redis: Service } }).services

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe('the compose file', () => {
  test('is for this machine alone, and keeps its data in a volume', () => {
    expect(redis.ports).toEqual(['127.0.0.1:6379:6379'])
    expect(redis.volumes).toEqual(['redis-data:/data'])
  })

  test('starts a Redis that wants the password, appends, evicts nothing, and whose health check can fail', async () => {
    const folder = await makeTempFolder('ms-co-')
    const port = await freePort()
    const password = `it's "a" \\ password`
    // Compose halves the dollars; the folders of the image and its port are those of the test.
    const here = (text: string): string => text.replaceAll('$$', '$').replaceAll('/run/redis', folder).replaceAll('/data', folder).replace(`${folder}\\n'`, `${folder}\\nport ${port}\\nbind 127.0.0.1\\n'`)
    const [, flag, script] = redis.command
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', REDIS_PASSWORD: password }
    const server = spawn('sh', [flag, here(script)], { env, stdio: 'ignore' })
    afterwards(async () => {
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    })
    const check = here(redis.healthcheck.test[1]).replace('redis-cli', `redis-cli -p ${port}`)
    const healthy = (as: string): boolean => spawnSync('sh', ['-c', check], { env: { ...env, REDIS_PASSWORD: as } }).status === 0
    await eventually(() => Promise.resolve(healthy(password)))
    expect(healthy('another'), 'refused is not healthy').toBe(false)
    const settings = spawnSync('redis-cli', ['-p', String(port), 'config', 'get', 'append*', 'maxmemory-policy'], { env: { ...env, REDISCLI_AUTH: password } })
    expect(settings.stdout.toString()).toMatch(/appendonly\nyes/)
    expect(await readdir(folder)).toContain('appendonlydir')
    expect((await stat(`${folder}/redis.conf`)).mode & 0o077).toBe(0)
    expect(await readFile(`/proc/${server.pid ?? 0}/cmdline`, 'utf8')).not.toContain('password')
    expect(await readFile(`${folder}/redis.conf`, 'utf8')).toContain('maxmemory-policy noeviction')
  })
})
