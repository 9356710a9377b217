import { existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { FILES_AND_HUB, REDIS_AND_HUB, soon, World } from '../support/world.js'

const socketOf = (world: World): string => `${world.root}/shared_memory/.memory_sync/hub.sock`

describe.each([REDIS_AND_HUB, FILES_AND_HUB])('the hub with $name', (setUp) => {
  test('refuses a second one and names the first, which goes on', async () => {
    const world = await World.make(setUp)
    const second = await world.run('hub')
    expect(second).toMatchObject({ code: 1, stdout: expect.not.stringContaining(' ready: ') })
    expect(second.stderr).toContain(`pid ${world.hub!.pid}`)
    expect(await world.json('hub', 'status')).toMatchObject({ running: true, pid: world.hub!.pid })
    await world.ok('update', 'mary', 'active')
    expect(world.hub!.hasEnded()).toBe(false)
  })

  test.each([
    ['SIGTERM', (world: World) => Promise.resolve(world.hub!.signal('SIGTERM'))],
    ['hub stop', (world: World) => world.ok('hub', 'stop')],
  ])('ends cleanly at %s, with everything in the file', async (_, end) => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    await end(world)
    expect(await world.hub!.ended()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ stopped\n$/) })
    expect(existsSync(socketOf(world))).toBe(false)
    expect(await world.context()).toMatchObject({ agents: { mary: { context: { a: 1 } } } })
    expect((await world.run('hub', 'status')).code).toBe(1)
  })

  test('that was killed leaves nothing that the next one, or a command, needs a hand for', async () => {
    const world = await World.make(setUp)
    for (let round = 1; round <= 3; round++) {
      await world.ok('set', 'mary', `with${round}=1`)
      world.hub!.signal('SIGKILL')
      await world.hub!.ended()
      expect(existsSync(socketOf(world))).toBe(true)
      await world.ok('set', 'mary', `without${round}=1`)
      await world.startHub()
    }
    const { agents } = await world.quiet()
    expect(Object.keys(agents['mary']!.context!)).toEqual(['with1', 'without1', 'with2', 'without2', 'with3', 'without3'])
    expect((await stat(socketOf(world))).mode & 0o077).toBe(0)
  })

  test('whose folder somebody removes under it is the keeper no more, and ends: nothing that was written from then on is lost', async () => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    await rm(`${world.root}/shared_memory/.memory_sync`, { recursive: true, force: true, maxRetries: 10 })
    for (const n of [1, 2, 3]) await world.ok('set', 'mary', `c${n}=${n}`)
    expect((await world.hub!.ended()).stdout).toContain('not the keeper of the root any more')
    await world.startHub()
    expect((await world.quiet()).agents['mary']!.context).toEqual({ a: 1, c1: 1, c2: 2, c3: 3 })
  })

  test('says in its log at once that it starts, is ready and stops', async () => {
    const world = await World.make(setUp)
    expect(world.hub!.lines()).toEqual([
      expect.stringMatching(/^\S+ INFO +memory_sync \S+ starts/),
      expect.stringMatching(/ ready: rev \d+, .*redis (online \(unix:.*\)|off)/),
    ])
    world.hub!.signal('SIGTERM')
    await soon(() => world.hub!.stdout().includes('stopping: SIGTERM'))
    await world.hub!.ended()
  })
})

test('a hub that is started while Redis is away connects to it when it is there, and says both', async () => {
  const world = await World.make({ name: 'Redis', redis: true, hub: false })
  await world.ok('set', 'mary', 'a=1')
  await world.redis.kill('SIGKILL')
  await world.startHub()
  await world.ok('set', 'mary', 'b=2')
  await world.redis.restart()
  const { agents } = await world.quiet()
  expect(agents['mary']?.context).toEqual({ a: 1, b: 2 })
  await soon(async () => (await world.json<{ status: { redis: string } }>('hub', 'status')).status.redis === 'online')
})
