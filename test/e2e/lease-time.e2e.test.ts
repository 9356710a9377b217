/** How long a lease lasts where nobody says it, and the longest time of the config file is below the usual one. */
import { describe, expect, test } from 'vitest'
import { configure } from '../support/configure.js'
import { FILES_ALONE, type JsonObject, REDIS_AND_HUB, World } from '../support/world.js'

describe.each([FILES_ALONE, REDIS_AND_HUB])('a lease of which nobody says how long it lasts ($name)', (setUp) => {
  test('lasts for as long as the config allows', async () => {
    const world = await World.make(setUp, { before: (root) => configure(root, { lock: { maxTtlSeconds: 19.9999 } }) })
    const { token, ttlMs } = await world.json<{ token: string; ttlMs: number }>('lock', 'acquire', 'a')
    expect(ttlMs).toBeLessThanOrEqual(20_000)
    const renewed = await world.json<{ ttlMs: number }>('lock', 'renew', 'a', '--token', token)
    expect(renewed.ttlMs).toBeLessThanOrEqual(20_000)
    await world.ok('lock', 'release', 'a', '--token', token)
    expect(await world.run('lock', 'run', 'a', '--', 'echo', 'ran')).toMatchObject({ code: 0, stdout: 'ran\n', stderr: '' })
    expect(await world.run('lock', 'acquire', 'a', '--ttl', '60')).toMatchObject({ code: 2, stderr: expect.stringContaining('at most 20 s') as string })
  })
})

describe.each([FILES_ALONE, REDIS_AND_HUB])('without such a limit ($name)', (setUp) => {
  test('it lasts a minute', async () => {
    const world = await World.make(setUp)
    await world.ok('lock', 'acquire', 'a', '--json')
    const kept = (await world.memory()).leases.look('a')
    expect((await kept).holder?.ttlMs).toBe(60_000)
    expect(await world.json<JsonObject>('lock', 'status', 'a')).toMatchObject({ held: true })
  })
})
