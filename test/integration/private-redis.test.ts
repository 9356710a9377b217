import {existsSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {eventually} from '../support/eventually.js'
import {startRedis} from '../support/redis.js'

describe('the private redis-server of the tests', () => {
  it('keeps its data over SIGKILL with the append-only file, and comes back empty when wiped', async () => {
    const server = await startRedis({aof: true})
    await (await server.client()).set('k', 'v')

    await server.kill('SIGKILL')
    await server.restart()
    expect(await (await server.client()).get('k')).toBe('v')

    await server.restart({wipe: true})
    expect(await (await server.client()).get('k')).toBeNull()
  })

  it('asks for the password that it was given', async () => {
    const server = await startRedis({password: 'a pass:word'})
    await expect(server.client({password: 'another', retryStrategy: () => null})).rejects.toThrow()
    expect(await (await server.client()).ping()).toBe('PONG')
  })

  it('listens on a free port when asked, never on 6379', async () => {
    const server = await startRedis({tcp: true})
    expect(server.port).not.toBe(6379)
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`)
    const client = await server.client({path: '', host: '127.0.0.1', port: server.port ?? 0})
    expect(await client.ping()).toBe('PONG')
  })

  it('can be silenced and woken, and leaves no process and no folder behind', async () => {
    const server = await startRedis()
    const {pid} = server
    await server.kill('SIGSTOP')
    await server.stop()
    await eventually(() => !isAlive(pid))
    expect(existsSync(server.dataFolder)).toBe(false)
  })

  it('says why it did not start', async () => {
    await expect(startRedis({args: ['--no-such-option', '1']})).rejects.toThrow(/redis-server ended at its start/)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
