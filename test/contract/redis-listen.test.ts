import { describe, expect, it } from 'vitest'
import { type Change, CONTEXT, TASK_LIST, type Target } from '../../src/domain/operation.js'
import { connectRedis } from '../../src/store/redis/connection.js'
import { listenOn } from '../../src/store/redis/listen.js'
import { afterwards } from '../support/cleanup.js'
import { Proxy } from '../support/proxy.js'
import { startRedis } from '../support/redis.js'
import { begin, commit, draftOf, set, TASK, unset } from './support/harness.js'
import { type RedisUnderTest, redisUnderTest } from './support/redis-under-test.js'

const server = await startRedis()

interface Heard extends RedisUnderTest {
  changed: () => number
  touched: Target[]
  published: string[]
  /** The revisions of those that tell of changes. */
  revs: (number | undefined)[]
  lost: () => number
  stop: () => Promise<void>
}

async function listening(on = server): Promise<Heard> {
  const made = await redisUnderTest(on)
  await begin(made)
  const touched: Target[] = []
  const published: string[] = []
  const revs: (number | undefined)[] = []
  let changed = 0
  let lost = 0
  const stop = await made.store.listen({
    changed: () => changed++,
    touched: (target) => touched.push(target),
    lost: () => lost++,
    published: (text, rev) => revs.push(rev) && published.push(text),
  })
  afterwards(stop)
  return { ...made, touched, published, revs, changed: () => changed, lost: () => lost, stop }
}

describe('who listens', () => {
  it('hears of every change as the legacy event, with its revision', async () => {
    const { store, published, changed } = await listening()
    const leaves = [set('/status', '"active"'), set('/context/n', '1.10'), unset('/context/old')]
    const { rev, t } = await commit(store, draftOf(leaves))
    await expect.poll(() => published.length).toBe(1)
    expect(changed()).toBe(1)
    const timestamp = new Date(t).toISOString().replace('Z', '+00:00')
    expect(published[0]).toBe(
      `{"agent":"mary","event":"context_update","timestamp":"${timestamp}",` +
        `"data":{"status":"active","context":{"n":1.10,"old":null}},"rev":${rev}}`,
    )
  })

  it('hears of a status as agent_update, of a deletion with the data null, and of the context without an agent', async () => {
    const { store, published } = await listening()
    await commit(store, draftOf([set('/status', '"idle"')], { kind: 'update' }))
    await commit(store, draftOf([unset('')], { kind: 'delete' }))
    await commit(store, draftOf([set('/current_work', '{}')], { target: 'context' }))
    await expect.poll(() => published.length).toBe(3)
    expect(published.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { agent: 'mary', event: 'agent_update', data: { status: 'idle' } },
      { agent: 'mary', event: 'agent_update', data: null },
      { agent: null, event: 'context_update', data: { current_work: {} } },
    ])
  })

  it('hears what others publish as it came, and nothing in it can hurt', async () => {
    const { client, store, namespace, published, changed } = await listening()
    const texts = ['not JSON', '', '{"event":"new_data","agent":"cls","file":"x"}', '[1', '"\\ud800"', 'null']
    for (const text of texts) await client.publish(`${namespace}:updates`, text)
    await store.publish('{"agent":"mary","event":"mine"}')
    await client.publish(`${namespace}:updates`, Buffer.from([0xff, 0x00]))
    await expect.poll(() => published.length).toBe(8)
    expect(published.slice(0, 7)).toEqual([...texts, '{"agent":"mary","event":"mine"}'])
    expect(changed()).toBe(8)
  })

  it('hears of which revision a change is, and takes nothing that others publish for one', async () => {
    const { client, store, namespace, revs, published } = await listening()
    const texts = [
      ...['{"agent":"claude","event":"metrics_update","n":2,"rev":7}', '{"agent":"gc","event":"deployed","timestamp":"t","data":{"rev":1}}', ',"rev":7}'],
      '{"event":"agent_update","agent":"gc","timestamp":"t","data":{},"rev":7}',
      '{"agent": "gc", "event": "agent_update", "timestamp": "t", "data": {}, "rev": 7}',
    ]
    for (const text of texts) await client.publish(`${namespace}:updates`, text)
    await expect.poll(() => published).toEqual(texts)
    expect(revs.splice(0)).toEqual(texts.map(() => undefined))
    const agent = 'agent:a"\\b, "rev":1}\u2028'
    const targets: Target[] = [agent, TASK, CONTEXT, TASK_LIST]
    const changes: Change[] = []
    for (const target of targets) changes.push(await commit(store, draftOf([set('/n', '"{\\"rev\\":1}"'), set('/big', `"${'x'.repeat(10_000)}"`)], { target })))
    changes.push(await commit(store, draftOf([unset('')], { target: agent, kind: 'delete' })))
    changes.push(await commit(store, draftOf([set('/n', '1')]), { floor: Number.MAX_SAFE_INTEGER - 2 }))
    await expect.poll(() => revs).toEqual(changes.map(({ rev }) => rev))
  })

  it('hears which records were written past us: by HSET, HDEL, DEL and expiry', async () => {
    const { client, namespace, store, touched } = await listening()
    await commit(store, draftOf([set('/n', '1'), set('/m', '1')]))
    const key = `${namespace}:agents:`
    const steps: [string, () => Promise<unknown>][] = [
      ['agent:mary', () => client.hset(`${key}mary`, 'n', '2')],
      ['agent:a:b.c', () => client.hset(`${key}a:b.c`, 'n', '2')],
      ['agent:mary', () => client.hdel(`${key}mary`, 'm')],
      ['agent:mary', () => client.del(`${key}mary`)],
      ['agent:a:b.c', () => client.pexpire(`${key}a:b.c`, 1)],
    ]
    for (const [target, step] of steps) {
      touched.length = 0
      await step()
      await expect.poll(() => touched).toContain(target)
    }
  })

  it('hears nothing of keys that are none of ours, nor of our own marks', async () => {
    const { client, namespace, touched } = await listening()
    await client.set('other', '1')
    await client.hset(`${namespace}:types:mary`, 'n', 'x')
    await client.hset(`${namespace}:agents:last`, 'n', '1')
    await expect.poll(() => touched).toEqual(['agent:last'])
  })

  it('hears that everything was flushed', async () => {
    const own = await startRedis()
    const { client, changed } = await listening(own)
    await client.hset('ns:agents:x', 'a', '1')
    await client.flushall()
    await expect.poll(changed).toBe(1)
  })

  it('is told when the connection breaks, once, and not when it stops listening', async () => {
    const own = await startRedis()
    const heard = await listening(own)
    const other = await listening(own)
    await other.stop()
    await own.kill('SIGKILL')
    await expect.poll(heard.lost).toBe(1)
    expect(other.lost()).toBe(0)
  })

  it('is told when the connection falls silent, and not while nothing happens on one that answers', async () => {
    const made = await redisUnderTest(server)
    const proxy = await Proxy.to(server.socketPath)
    const endpoint = { host: '127.0.0.1', port: proxy.port, password: server.password }
    let [lost, changed] = [0, 0]
    const on = { changed: () => changed++, touched: () => undefined, lost: () => lost++ }
    afterwards(await listenOn(await connectRedis({ endpoint }), made.store.keys, on, 5))
    const pings = async (): Promise<number> => Number(/cmdstat_ping:calls=(\d+)/.exec(await made.client.info('commandstats'))?.[1] ?? 0)
    const before = await pings()
    await expect.poll(pings).toBeGreaterThan(before + 5)
    await begin(made)
    await commit(made.store, draftOf([set('/n', '1')]))
    await expect.poll(() => changed).toBe(1)
    expect(lost).toBe(0)
    proxy.isSilent = true
    await expect.poll(() => lost).toBe(1)
  })

  it('hears nothing after it has stopped', async () => {
    const { store, stop, published } = await listening()
    await stop()
    await commit(store, draftOf([set('/n', '1')]))
    await store.ping()
    expect(published).toEqual([])
  })
})
