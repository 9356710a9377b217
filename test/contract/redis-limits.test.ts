import { describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis.js'
import { changesSince } from '../../src/core/snapshot.js'
import { begin, commit, draftOf, propose, set, type StoreUnderTest } from './support/harness.js'
import { type RedisUnderTest, redisUnderTest } from './support/redis-under-test.js'
import type { RedisStoreOptions } from '../../src/store/redis/store.js'

const server = await startRedis()

async function started(options: RedisStoreOptions = {}): Promise<RedisUnderTest> {
  const made = await redisUnderTest(server, options)
  await begin(made)
  return made
}

async function write(made: StoreUnderTest, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => commit(made.store, draftOf([set('/n', '1')]))))
}

describe('the limits of what is kept', () => {
  it('the stream is trimmed, and the first change that is left tells of the gap', async () => {
    const made = await started({ limits: { history: 100 } })
    const { rev: start } = await made.store.hello()
    await write(made, 500)
    const length = await made.client.xlen(`${made.namespace}:events`)
    expect(length).toBeGreaterThanOrEqual(100)
    expect(length).toBeLessThan(300)
    expect((await made.store.changesAfter(start, 1)).changes[0]!.prev).toBeGreaterThan(start)
  })

  it('ids are forgotten by their rank, idempotency keys are not', async () => {
    const made = await started({ limits: { ids: 10 } })
    const plain = draftOf([set('/a', '1')])
    const keyed = draftOf([set('/a', '1')], { digest: 'd' })
    await commit(made.store, plain)
    const { rev } = await commit(made.store, keyed)
    await write(made, 200)
    expect(await made.client.zcard(`${made.namespace}:seen`)).toBeLessThan(100)
    expect(await propose(made.store, keyed)).toEqual({ is: 'duplicate', rev })
    expect(await propose(made.store, { ...keyed, digest: 'e' })).toEqual({ is: 'other-payload', rev })
    expect(await propose(made.store, plain)).toMatchObject({ is: 'committed' })
  })

  it('idempotency keys are forgotten when their time is over, and not before', async () => {
    const made = await started()
    const keys = [8.1, 7.1].map((days) => ({ days, draft: draftOf([set('/a', '1')], { digest: 'd' }) }))
    const { epoch } = await made.store.hello()
    for (const { days, draft } of keys) {
      await made.store.contain(epoch!, new Map(), [{ id: draft.id, rev: 0, digest: 'd', t: Date.now() - days * 24 * 3_600_000 }])
      await made.client.zrem(`${made.namespace}:seen`, draft.id)
    }
    await commit(made.store, draftOf([set('/a', '1')], { digest: 'd' }))
    const [old, young] = keys
    expect(await propose(made.store, young!.draft)).toEqual({ is: 'duplicate', rev: 0 })
    expect(await propose(made.store, old!.draft)).toMatchObject({ is: 'committed' })
  })

  it('what others write into the stream is passed over, and stops nobody', async () => {
    const made = await started()
    const { rev: start } = await made.store.hello()
    const first = await commit(made.store, draftOf([set('/n', '1')]))
    await made.client.xadd(`${made.namespace}:events`, '*', 'change', 'nonsense')
    await made.client.xadd(`${made.namespace}:events`, '*', 'epoch', 'r', 'change', '[]')
    const second = await commit(made.store, draftOf([set('/n', '2')]))
    const third = await commit(made.store, draftOf([set('/n', '3')]))
    expect([second.prev, third.prev]).toEqual([first.rev, second.rev])
    expect((await made.store.changesAfter(start, 10)).changes).toEqual([first, second, third])
    expect((await made.store.changesAfter(start, 2)).changes).toEqual([first, second])
    expect((await made.store.changesAfter(first.rev, 1)).changes).toEqual([second])
    await made.client.xadd(`${made.namespace}:events`, '*', 'change', 'nonsense')
    expect(await made.store.changesAfter(third.rev, 1)).toEqual({ changes: [], rev: third.rev })
  })

  it('among more changes than are read at once an entry of somebody else hides none', async () => {
    const made = await started()
    const { rev: start } = await made.store.hello()
    await write(made, 10)
    await made.client.xadd(`${made.namespace}:events`, '*', 'change', 'nonsense')
    await write(made, 1_500)
    expect(await changesSince(made.store, start)).toHaveLength(1_510)
  })

  it('an epoch begins above a stream whose marks were lost', async () => {
    const made = await started()
    const { rev } = await commit(made.store, draftOf([set('/n', '1')]), { floor: 5_000 })
    await made.client.del(`${made.namespace}:sync`, `${made.namespace}:rev`)
    expect((await begin(made)).first).toBeGreaterThanOrEqual(rev)
    expect((await commit(made.store, draftOf([set('/n', '2')]))).rev).toBeGreaterThan(rev)
  })

  for (const mark of ['sync', 'seen', 'keys', 'key-times']) {
    it(`without ${mark} there is no epoch`, async () => {
      const made = await started()
      const { epoch } = await commit(made.store, draftOf([set('/n', '1')]))
      await made.client.del(`${made.namespace}:${mark}`)
      expect(await propose(made.store, draftOf([set('/n', '1')]), { epoch })).toEqual({ is: 'epoch' })
      expect((await made.store.hello()).epoch).toBeNull()
      await begin(made)
      expect(await propose(made.store, draftOf([set('/n', '1')]), { expect: {} })).toMatchObject({ is: 'committed' })
    })
  }

  it('a value of a mebibyte and a revision of 15 digits are kept', async () => {
    const made = await started()
    const value = JSON.stringify('x'.repeat(2 ** 20))
    const change = await commit(made.store, draftOf([set('/big', value)]), { floor: 900_000_000_000_000 })
    expect(change.rev).toBe(900_000_000_000_001)
    expect((await made.store.changesAfter(change.prev, 1)).changes[0]).toEqual(change)
    expect((await made.store.hello()).rev).toBe(change.rev)
  })
})

describe('a cluster', () => {
  it('holds all keys in one slot with a namespace in braces, and says what to do without', async () => {
    const cluster = await startRedis({ tcp: true, args: ['--cluster-enabled', 'yes', '--cluster-port', '0'] }).catch(() => undefined)
    expect(cluster).toBeDefined()
    const admin = await cluster!.client()
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await expect.poll(async () => admin.call('CLUSTER', 'INFO'), { timeout: 10_000 }).toContain('cluster_state:ok')
    const { connectStore } = await import('./support/redis-under-test.js')
    const braced = await connectStore(cluster!, { namespace: '{memory}' })
    await braced.beginEpoch(await braced.hello(), { epoch: 'r1', atLeast: 0 })
    await commit(braced, draftOf([set('/n', '1')]))
    expect(await braced.targets()).toEqual(['agent:mary'])
    const plain = await connectStore(cluster!, { namespace: 'memory' })
    await expect(plain.hello()).rejects.toMatchObject({ code: 'unavailable', suggestions: [expect.stringContaining('{memory}')] })
  })
})
