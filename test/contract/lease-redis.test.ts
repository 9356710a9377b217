import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type AcquireCall, WAITER_LIFE_MS } from '../../src/domain/lease.js'
import type { Handed } from '../../src/store/lease-contract.js'
import { RedisLeases } from '../../src/store/redis/leases.js'
import { startRedis } from '../support/redis.js'
import { callOf, leaseContract, type LeasesUnderTest, releaseOf } from './lease-contract.js'
import { begin } from './support/harness.js'
import { redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis()

const make = async () => {
  const made = await redisUnderTest(server)
  const { store, client } = made
  const { keys, connection } = store
  const leases = new RedisLeases({ connection, keys, history: 10_000, offsetMinutes: () => 0 })
  await begin(made)
  return {
    ...{ leases, store },
    context: async (root = 'root-a') => {
      const { epoch, time } = await store.hello()
      const on = { epoch: epoch!, floor: 0, root, t: time, longestMs: 30_000, strict: false }
      await leases.report(on, [], [])
      return on
    },
    // Redis has one clock and nobody moves it: what was written is made older.
    pass: async (ms: number) => {
      await setTimeout(1)
      await client.eval(OLDER, 1, keys.sync, `${made.namespace}:lease:`, ms)
    },
    beginAgain: async () => {
      await client.hset(keys.sync, 'owner', 'another process')
      await begin(made, (await store.hello()).rev + 100)
    },
    evict: async (name: string) => void (await client.del(keys.lease(name))),
    client,
    lock: keys.lease('deploy'),
  }
}

leaseContract('redis', make satisfies () => Promise<LeasesUnderTest>)

/** mary has it, and those who wait hear of it. */
async function queueOf(...tokens: string[]) {
  const made = await make()
  const { leases, context } = made
  const mine = (await leases.acquire(await context(), callOf({ ttlMs: 60_000 }))) as { fence: number }
  const heard: [next: string | null, handed: Handed | undefined][] = []
  const stop = await leases.hear((name, next, handed) => name === 'deploy' && heard.push([next, handed]))
  const calls = tokens.map((token) => callOf({ token, holder: `"${token}"`, ttlMs: 7_000, process: '1 2 boot', waits: true }))
  const ask = async (call: AcquireCall, more = {}) => leases.acquire({ ...(await context()), ...more }, call)
  for (const call of calls) expect(await ask(call)).toMatchObject({ is: 'taken' })
  const next = async () => {
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    return heard.shift()!
  }
  return { ...made, fence: mine.fence, calls, ask, next, stop }
}

describe('a release in Redis', () => {
  it('grants the lease to the first who waits and hears of it, in the same step', async () => {
    const { leases, store, context, fence, calls, ask, next, stop, client, lock } = await queueOf('a', 'b')
    const since = (await store.hello()).rev
    expect(await leases.release({ ...(await context()), t: 1_234 }, releaseOf('t-mary'))).toMatchObject({ is: 'released', holder: 'mary', left: 0 })
    const { rev } = await store.hello()
    expect(rev).toBe(since + 2)
    expect(await next()).toEqual([calls[0]!.id, { fence: rev, ttlMs: 7_000 }])
    const view = await leases.look('deploy')
    expect(view).toMatchObject({ fence: rev, holder: { name: '"a"', count: 1, ttlMs: 7_000, process: '1 2 boot', root: 'root-a', since: 1_234 } })
    expect(view.holder!.leftMs).toBeGreaterThan(5_000)
    expect(view.queue.map(({ id }) => id)).toEqual([calls[1]!.id])
    const page = await store.changesAfter(since, 10)
    expect(page.changes.map(({ rev: at, t, id, lease }) => [at, t, id, lease?.action])).toEqual([
      [since + 1, 1_234, expect.any(String), 'released'],
      [since + 2, 1_234, calls[0]!.id, 'granted'],
    ])
    expect(page.changes[0]!.lease).toMatchObject({ former: fence })
    expect(await ask(calls[0]!)).toMatchObject({ is: 'granted', fence: rev, again: true })
    expect((await leases.look('deploy')).holder).toMatchObject({ count: 1 })
    await leases.release(await context(), releaseOf('a'))
    expect((await next())[0]).toBe(calls[1]!.id)
    expect((await client.hkeys(lock)).filter((field) => field.startsWith('offer:'))).toEqual([])
    await stop()
  })

  it('grants with a fence above all that the one who waits has ever seen', async () => {
    const { leases, context, calls, ask, next, stop, fence } = await queueOf('a')
    await ask(calls[0]!, { floor: fence + 1_000 })
    await leases.release(await context(), releaseOf('t-mary'))
    expect((await next())[1]).toMatchObject({ fence: fence + 1_001 })
    await stop()
  })

  it.each<[string, (queue: Awaited<ReturnType<typeof queueOf>>) => Promise<unknown>]>([
    ['listens no more', ({ stop }) => stop()],
    ['gave no sign of life', ({ pass }) => pass(WAITER_LIFE_MS + 1)],
    ['asked in another lineage', ({ beginAgain }) => beginAgain()],
    ['was forgotten', ({ client, lock }) => client.hdel(lock, 'queue')],
  ])('does not grant it to one who %s', async (_who, happens) => {
    const queue = await queueOf('a')
    await happens(queue)
    const { leases, context, next } = queue
    expect(await leases.release(await context(), releaseOf('t-mary'))).toMatchObject({ is: 'released', left: 0 })
    expect((await leases.look('deploy')).holder).toBeNull()
    if (_who !== 'listens no more') expect((await next())[1]).toBeUndefined()
    await queue.stop()
  })

  it('that is repeated tells nothing of the one who has it by now, and takes nothing from him', async () => {
    const { leases, context, calls, stop } = await queueOf('a')
    const release = releaseOf('t-mary')
    const first = await leases.release(await context(), release)
    expect(await leases.release(await context(), release)).toEqual({ ...first, holder: '' })
    expect((await leases.look('deploy')).holder).toMatchObject({ name: calls[0]!.holder })
    await stop()
  })

  it('is told to one who leaves without having heard of it, so that he gives it back', async () => {
    const { leases, context, calls, next, stop } = await queueOf('a', 'b')
    expect(await leases.leave('deploy', calls[1]!.id)).toBeNull()
    await leases.release(await context(), releaseOf('t-mary'))
    const [, handed] = await next()
    expect(await leases.leave('deploy', calls[0]!.id)).toBe(handed!.fence)
    await leases.release(await context(), releaseOf('a', { fence: handed!.fence }))
    expect(await leases.leave('deploy', calls[0]!.id)).toBeNull()
    expect((await leases.look('deploy')).holder).toBeNull()
    await stop()
  })
})

const OLDER = `
local function older(ms) return string.format('%.0f', tonumber(ms) - ARGV[2]) end
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local field = 'lease:' .. string.sub(key, #ARGV[1] + 1)
  local kept = redis.call('HGET', KEYS[1], field)
  if kept then
    local fence, ends, rest = string.match(kept, '^(%S+) (%S+) (.*)$')
    redis.call('HSET', KEYS[1], field, fence .. ' ' .. older(ends) .. ' ' .. rest)
  end
  local queue = string.gsub(redis.call('HGET', key, 'queue') or '', '(%S+) (%S+) (%S+)', function (id, alive, who) return id .. ' ' .. older(alive) .. ' ' .. who end)
  redis.call('HSET', key, 'until', older(redis.call('HGET', key, 'until') or 0), 'queue', queue)
end
redis.call('HSET', KEYS[1], 'since', older(redis.call('HGET', KEYS[1], 'since')))`

it('what another program has put in the place of its lock, and is no text, is the lock of somebody else: no step fails after it has written', async () => {
  const { leases, client, context } = await make()
  const [on, call] = [await context(), callOf({ name: 'merge' })]
  const { fence } = (await leases.acquire(on, call)) as { fence: number }
  await client.multi().del('prp:merge:lock').hset('prp:merge:lock', 'pid', '7').exec()
  expect(await leases.release(on, releaseOf('t-mary', { name: 'merge' }))).toMatchObject({ is: 'released' })
  expect(await leases.acquire(on, callOf({ id: 'c'.repeat(32), name: 'merge' }))).toMatchObject({ is: 'foreign', text: 'hash', leftMs: null })
  const holder = { name: 'mary', token: 't2', reason: '', ttlMs: 9_000, leftMs: 9_000, process: '', since: on.t, count: 1, root: on.root }
  expect(await leases.report(on, [{ name: 'merge', fence: fence + 5, holder }], [])).toBe(true)
  expect(await leases.look('merge')).toMatchObject({ fence: fence + 5, holder: { name: 'mary' }, foreign: { text: 'hash' } })
  await client.del('prp:merge:lock')
})
