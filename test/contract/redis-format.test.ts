import { describe, expect, it } from 'vitest'
import type { Draft } from '../../src/domain/operation.js'
import { startRedis } from '../support/redis.js'
import { begin, commit, draftOf, propose, readLive, set, unset } from './support/harness.js'
import { type RedisUnderTest, redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis()

async function started(): Promise<RedisUnderTest> {
  const made = await redisUnderTest(server)
  await begin(made)
  return made
}

const AWKWARD = [
  'a\nb',
  '\r\n\t\v\f\u0000\u001c\u001d\u001e\u0085\u2028\u2029',
  'half \ud83d',
].map((text) => JSON.stringify(text))

/** As Python's splitlines and `redis-cli` users see lines. */
const LINE_BREAKS = /[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/

describe('what stands in Redis', () => {
  it('is one line a field and one line a value, whatever was written', async () => {
    const { store, client, namespace } = await started()
    const leaves = AWKWARD.flatMap((value, at) => [set(`/v${at}`, value), set(`/context/v${at}`, value), set(`/l${at}`, `[${value}]`)])
    for (const target of ['agent:mary', 'context']) await commit(store, draftOf([...leaves, set('/a\nb', '1')], { target }))
    for (const key of [`${namespace}:agents:mary`, `${namespace}:context`]) {
      const hash = await client.hgetall(key)
      expect(Object.keys(hash)).toHaveLength(9)
      for (const text of Object.entries(hash).flat()) expect(text).not.toMatch(LINE_BREAKS)
    }
  })

  it('is what legacy programs read: strings as they are, the context as one JSON object, the revision', async () => {
    const { store, client, namespace } = await started()
    const { rev } = await commit(store, draftOf([set('/status', '"active"'), set('/n', '1.10'), set('/context', '{}'), set('/context/a', '[1]')]))
    const hash = await client.hgetall(`${namespace}:agents:mary`)
    expect(hash).toEqual({ status: 'active', n: '1.10', context: '{"a":[1]}', rev: String(rev) })
    expect(await client.hkeys(`${namespace}:types:mary`)).toEqual(['n'])
  })

  it('is JSON in every member of the context', async () => {
    const { store, client, namespace } = await started()
    await commit(store, draftOf([set('/version', '"1.0"'), set('/paths', '{}'), set('/n', '5')], { target: 'context' }))
    expect(await client.hgetall(`${namespace}:context`)).toMatchObject({ version: '"1.0"', paths: '{}', n: '5' })
  })

  it('has no revision in an adopted record', async () => {
    const { store, client, namespace } = await started()
    await commit(store, draftOf([set('/status', '"a"')], { kind: 'adopt' }))
    expect(await client.hgetall(`${namespace}:agents:mary`)).toEqual({ status: 'a' })
  })

  it('has nothing under the prefix of the records but records', async () => {
    const { store, client, namespace } = await started()
    for (const agent of ['mary', 'a:b', 'rnd']) await commit(store, draftOf([set('/n', '1')], { target: `agent:${agent}` }))
    await commit(store, draftOf([set('/n', '1')], { target: 'context' }))
    await commit(store, draftOf([unset('')], { target: 'agent:rnd', kind: 'delete' }))
    const [, keys] = await client.scan('0', 'MATCH', `${namespace}:agents:*`, 'COUNT', 10_000)
    expect(keys.sort()).toEqual([`${namespace}:agents:a:b`, `${namespace}:agents:mary`])
    expect(await client.exists(`${namespace}:types:rnd`)).toBe(0)
  })

  it('is a stream with the revision as the id, and the counter', async () => {
    const { store, client, namespace } = await started()
    const { rev } = await commit(store, draftOf([set('/n', '1')]))
    const entries = await client.xrange(`${namespace}:events`, '-', '+')
    expect(entries.map(([id]) => id)).toEqual([`${rev}-0`])
    expect(await client.get(`${namespace}:rev`)).toBe(String(rev))
  })

  it('was written without a command that walks or empties the server', async () => {
    const { store, client } = await started()
    await client.config('RESETSTAT')
    await commit(store, draftOf([set('/n', '1')]))
    await store.targets()
    await store.seenIds(0)
    const stats = await client.info('commandstats')
    expect(stats).toContain('cmdstat_scan:')
    expect(stats).not.toMatch(/cmdstat_(keys|flushall|flushdb|monitor|smembers):/)
  })

  it('may be text that is no UTF-8: it can be compared and written over', async () => {
    const { store, client, namespace } = await started()
    await commit(store, draftOf([set('/status', '"a"')]))
    await client.hset(`${namespace}:agents:mary`, 'insight', Buffer.from([0xff, 0xfe, 0x41]))
    const { tokens, entry } = await readLive(store)
    expect(entry.tree.get('insight')).toBe('"��A"')
    const fields = new Map([['insight', tokens.get('insight')!]])
    const taken = draftOf([set('/insight', entry.tree.get('insight') as string)])
    expect(await propose(store, taken, { expect: { fields } })).toMatchObject({ is: 'committed' })
    expect(await propose(store, draftOf([set('/n', '1')]), { expect: { fields } })).toEqual({ is: 'stale' })
  })

  it('may be a name as other programs write it: the member is compared there, counts for more than ours, and is replaced by it', async () => {
    const { store, client, namespace } = await started()
    const key = `${namespace}:agents:mary`
    await commit(store, draftOf([set('/a\tb', '1'), set('/s', '"x"')]))
    await client.hset(key, 'a\tb', '1')
    expect((await readLive(store)).entry.tree.get('a\tb'), 'of the type that it had').toBe('1')
    await client.hset(key, 'a\tb', 'theirs')
    const { tokens, entry } = await readLive(store)
    expect([...entry.tree]).toEqual([['a\tb', '"theirs"'], ['s', '"x"']])
    const fields = new Map([['a\tb', tokens.get('a\tb')!]])
    await client.hset(key, 'a\tb', 'later')
    expect(await propose(store, draftOf([set('/a\tb', '"theirs"')]), { expect: { fields } })).toEqual({ is: 'stale' })
    await client.hset(key, 'a\tb', 'theirs')
    const { rev } = await commit(store, draftOf([set('/a\tb', '"theirs"')]), { expect: { fields } })
    expect(await client.hgetall(key)).toEqual({ '"a\\tb"': 'theirs', s: 'x', rev: String(rev) })
    const ours = new Map([['a\tb', (await readLive(store)).tokens.get('a\tb')!]])
    await client.hset(key, 'a\tb', 'again')
    expect(await propose(store, draftOf([unset('/a\tb')]), { expect: { fields: ours } }), 'what nobody has seen is not taken out').toEqual({ is: 'stale' })
    await commit(store, draftOf([unset('/a\tb')]))
    expect(Object.keys(await client.hgetall(key)).sort()).toEqual(['rev', 's'])
  })

  it('may be a name that is no UTF-8: it is told, stays, and hides no other field', async () => {
    const { store, client, namespace } = await started()
    const key = `${namespace}:agents:paula`
    await client.hset(key, Buffer.from('caf\xe9', 'latin1'), 'x', 'caf\ufffd', 'y')
    const { entry, nameless, unreadable } = await store.read('agent:paula')
    expect([[...entry!.tree], nameless, unreadable]).toEqual([[['caf\ufffd', '"y"']], ['caf\\xe9'], undefined])
    await commit(store, draftOf([set('/caf\ufffd', '"z"')], { target: 'agent:paula' }))
    expect(await client.hgetBuffer(key, Buffer.from('caf\xe9', 'latin1') as unknown as string)).toEqual(Buffer.from('x'))
  })

  it('says of a legacy value that equals ours nothing new, and of our own string no stale type', async () => {
    const { store } = await started()
    await commit(store, draftOf([set('/n', '5')]))
    await commit(store, draftOf([set('/n', '"5"')]))
    expect((await readLive(store)).entry.tree.get('n')).toBe('"5"')
  })
})

describe('a key of another type', () => {
  const dump = async ({ client, namespace }: RedisUnderTest): Promise<string> => {
    const [, keys] = await client.scan('0', 'MATCH', `${namespace}:*`, 'COUNT', 100_000)
    const texts = await Promise.all(keys.sort().map(async (key) => `${key} ${(await client.dumpBuffer(key))?.toString('hex')}`))
    return texts.join('\n')
  }

  const all = (): Draft => draftOf([set('/status', '"a"'), set('/n', '1')], { digest: 'd' })

  for (const key of ['sync', 'seen', 'keys', 'key-times', 'rev', 'events']) {
    it(`of ${key} fails a commit before anything was written`, async () => {
      const made = await started()
      const { store, client, namespace } = made
      const { epoch } = await commit(store, all())
      await client.del(`${namespace}:${key}`)
      if (key === 'rev') await client.hset(`${namespace}:rev`, 'a', '1')
      else await client.set(`${namespace}:${key}`, 'text')
      const before = await dump(made)
      const attempt = store.commit({ epoch, floor: 0, draft: all(), before: undefined, expect: {} })
      await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
      expect(await dump(made)).toBe(before)
    })
  }

  for (const key of ['agents', 'types', 'stamps']) {
    it(`of a record's ${key} is a record that was evicted; nothing is written, and it cannot be healed`, async () => {
      const made = await started()
      const { store, client, namespace } = made
      await commit(store, all())
      const { roster, entry } = await readLive(store)
      await client.del(`${namespace}:${key}:mary`)
      await client.set(`${namespace}:${key}:mary`, 'text')
      const before = await dump(made)
      expect((await store.read('agent:mary')).evicted).toBe(true)
      expect(await propose(store, all())).toEqual({ is: 'evicted' })
      expect(await store.heal((await store.hello()).epoch!, 'agent:mary', roster!, entry)).toBe(false)
      expect(await dump(made)).toBe(before)
    })
  }

  it('under the prefix of the records hides no other record', async () => {
    const { store, client, namespace } = await started()
    await commit(store, all())
    await client.set(`${namespace}:agents:broken`, 'text')
    expect(await store.targets()).toEqual(['agent:mary'])
    expect(await store.read('agent:broken')).toMatchObject({ roster: null, entry: undefined })
  })
})
