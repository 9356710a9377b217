/** From a writer that runs to a watcher that runs, and to the file; beside it what a bare publish takes in the same minute. */
import { readFileSync, watch } from 'node:fs'
import { startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { latencyRow, openLibrary, type Row, Samples, type Section, sleep } from './support.js'

const COUNT = 1_000
/** Not counted before: what V8 compiles at first is not what is asked for. */
const WARM_UP = 4_000

export const propagation: Section = {
  name: 'propagation: one writer, one watcher, one after another',
  columns: ['p50', 'p99', 'to the floor'],
  async run() {
    const server = await startRedis()
    const floor = await publishSubscribe(server)
    const rows: Row[] = [latencyRow('floor: ioredis publish to subscribe', floor, floor)]
    for (const [what, setUp] of Object.entries(SET_UPS)) {
      const { watched, filed } = await measure({ ...setUp, url: server.url })
      rows.push(latencyRow(`${what}: to a watcher`, watched, floor))
      if (filed !== null) rows.push(latencyRow(`${what}: to the file`, filed, floor))
      const redis = await server.client()
      await redis.flushall()
    }
    return rows
  },
}

const SET_UPS = {
  'Redis and hub': { redis: true, hub: true },
  'Redis, no hub': { redis: true, hub: false },
  'hub, no Redis': { redis: false, hub: true },
  'files only, no hub': { redis: false, hub: false },
}

async function publishSubscribe(server: RedisServer): Promise<Samples> {
  const publisher = await server.client()
  const subscriber = await server.client()
  await subscriber.subscribe('bench')
  let arrived = (): void => undefined
  subscriber.on('message', () => {
    arrived()
  })
  const samples = new Samples()
  for (let i = -WARM_UP; i < COUNT; i++) {
    const start = performance.now()
    const came = new Promise<void>((resolve) => (arrived = resolve))
    void publisher.publish('bench', `{"agent":"mary","event":"agent_update","n":${i}}`)
    await came
    if (i >= 0) samples.add(performance.now() - start)
  }
  return samples
}

async function measure({ redis, hub, url }: { redis: boolean; hub: boolean; url: string }): Promise<{ watched: Samples; filed: Samples | null }> {
  const root = await makeTempFolder()
  const running = hub ? await startHub({ root, ...(redis && { redis: url }) }) : null
  if (!redis) process.env['MEMORY_SYNC_REDIS'] = 'off'
  const options = { root, ...(redis && { redisUrl: url }) }
  const writer = await openLibrary(options)
  const reader = await openLibrary(options)
  await writer.updateAgentContext('mary', { n: 0.5 })
  const left = new AbortController()
  const events = reader.watch({ signal: left.signal })[Symbol.asyncIterator]()
  let next = events.next()
  await sleep(300)
  const [warmUp, count] = hub ? [WARM_UP, COUNT] : [100, 200]
  const watched = new Samples()
  for (let i = -warmUp; i < count; i++) {
    const start = performance.now()
    const written = writer.updateAgentContext('mary', { n: i })
    await next
    if (i >= 0) watched.add(performance.now() - start)
    next = events.next()
    await written
  }
  const filed = hub ? await toTheFile(root, (i) => writer.updateAgentContext('gg', { file: i })) : null
  left.abort()
  await next.catch(() => undefined)
  await writer.close()
  await reader.close()
  running?.signal('SIGTERM')
  await running?.ended()
  delete process.env['MEMORY_SYNC_REDIS']
  return { watched, filed }
}

async function toTheFile(root: string, write: (i: number) => Promise<unknown>): Promise<Samples> {
  const samples = new Samples()
  let look = (): void => undefined
  const watcher = watch(`${root}/shared_memory`, () => {
    look()
  })
  for (let i = 0; i < 100; i++) {
    const start = performance.now()
    const there = new Promise<void>((resolve) => {
      look = () => {
        if (readFileSync(`${root}/shared_memory/context.json`, 'utf8').includes(`"file": ${i}\n`)) resolve()
      }
    })
    await write(i)
    look()
    await there
    samples.add(performance.now() - start)
    await sleep(30)
  }
  watcher.close()
  return samples
}
