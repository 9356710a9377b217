/** The way of a process that makes one call. */
import { describe, expect, it, vi } from 'vitest'
import type { Target } from '../../src/domain/operation.js'
import { connectBriefly, connectRedis } from '../../src/store/redis/connection.js'
import { lightLinkTo } from '../../src/store/redis/light-link.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { afterwards } from '../support/cleanup.js'
import { startRedis } from '../support/redis.js'
import { connectionContract } from './redis-connection-contract.js'
import { storeContract } from './store-contract.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis({ aof: true, tcp: true })
connectionContract(connectBriefly)
storeContract('redis, by the light link', () => redisUnderTest(server, {}, connectBriefly))

describe('the light link', () => {
  it('leads to a socket, to localhost and to addresses in numbers; to no other name, and never by TLS', () => {
    const isLight = (host: string, tls?: true): boolean => lightLinkTo({ host, port: 1, ...(tls && { tls }) }) !== null
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', 'localhost'].map((host) => isLight(host))).toEqual([true, true, true, true])
    expect(['redis.example', 'beef', '1.2.3', '999.1.1.1', '::::', 'LOCALHOST'].map((host) => isLight(host))).not.toContain(true)
    expect(isLight('127.0.0.1', true)).toBe(false)
    expect(lightLinkTo({ socket: '/x' })).not.toBeNull()
  })

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST'])('and ioredis come to the same server at %s', async (host) => {
    const endpoint = { host, port: server.port! }
    const connections = [await connectBriefly({ endpoint }), await connectRedis({ endpoint })]
    for (const connection of connections) afterwards(() => connection.close())
    expect(connections[0]!.run).toBe(connections[1]!.run)
    expect(await connections[0]!.call((client) => client.call('PING'))).toBe('PONG')
  })

  it.each(['127.0.0.1', 'localhost'])('tells that nobody is there at %s', async (host) => {
    await expect(connectBriefly({ endpoint: { host, port: 1 } })).rejects.toThrow(`${host}:1 is not there: nobody listens (connect ECONNREFUSED)`)
  })

  it('reads what has many megabytes whole', async () => {
    const large = await startRedis()
    const { client } = await redisUnderTest(large)
    const connection = await connectBriefly({ endpoint: { socket: large.socketPath } })
    const store = new RedisStore(connection)
    afterwards(() => store.close())
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, String(n).repeat(10_000)]))
    const targets = Array.from({ length: 100 }, (_, n): Target => `agent:a${n}`)
    for (const target of targets) await client.hset(store.keys.of(target).record, fields)
    const found = await Promise.all(targets.map((target) => store.read(target)))
    expect(found.map(({ entry }) => entry?.tree.size)).toEqual(targets.map(() => 20))
  })

  it('tries the addresses of localhost in their order', async () => {
    const looked = vi.spyOn(process.getBuiltinModule('node:dns/promises'), 'lookup')
    looked.mockResolvedValue([{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }] as never)
    const connection = await connectBriefly({ endpoint: { host: 'localhost', port: server.port! } })
    afterwards(() => connection.close())
    expect(looked).toHaveBeenCalledOnce()
    expect(await connection.call((client) => client.call('PING'))).toBe('PONG')
    looked.mockResolvedValue([{ address: '::1', family: 6 }] as never)
    await expect(connectBriefly({ endpoint: { host: 'localhost', port: server.port! } })).rejects.toThrow('connect E')
    looked.mockRestore()
  })

  it('gives a silent server up in time, and leaves nothing open', async () => {
    const silent = await startRedis()
    await silent.kill('SIGSTOP')
    const handles = (): number => process.getActiveResourcesInfo().filter((name) => /Pipe|TCP/.test(name)).length
    const before = handles()
    await expect(connectBriefly({ endpoint: { socket: silent.socketPath } })).rejects.toThrow('did not answer within 200 ms')
    await expect.poll(() => handles() <= before).toBe(true)
  })
})
