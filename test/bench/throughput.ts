/** Acknowledged writes a second, 16 in flight on different agents; the floor is the very same commit script, called bare. */
import { Keys } from '../../src/store/redis/keys.js'
import type { RedisConnection } from '../../src/store/redis/connection.js';
import { connectRedis } from '../../src/store/redis/connection.js'
import { commitArguments } from '../../src/store/redis/proposal.js'
import { scriptNamed } from '../../src/store/redis/scripts.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { inFlight, openLibrary, perSecond, type Row, type Section, times } from './support.js'

const WIDTH = 16
const COUNT = 20_000
/** Before, of each: what V8 compiles at first is not what is asked for here. */
const WARMING = 20_000

export const throughput: Section = {
  name: `throughput: ${WIDTH} in flight, on as many agents`,
  columns: ['writes', 'of the floor'],
  async run() {
    const server = await startRedis()
    const floor = await bareScript(server)
    const rows: Row[] = [{ what: 'floor: the commit script, called bare', cells: [perSecond(COUNT, floor), ''] }]
    for (const hub of [true, false]) {
      await (await server.client()).flushall()
      const elapsed = await library(server, hub)
      rows.push({ what: `library, ${hub ? 'with a hub' : 'without a hub'}`, cells: [perSecond(COUNT, elapsed), times(floor / elapsed)] })
    }
    return rows
  },
}

/** Arguments are made beforehand but for the id: what is measured is Redis, the client package and the round trip. */
async function bareScript(server: RedisServer): Promise<number> {
  const connection: RedisConnection = await connectRedis({ endpoint: { socket: server.socketPath } })
  const store = new RedisStore(connection)
  const { epoch } = await store.beginEpoch({ epoch: null, owner: null }, { epoch: 'rbench', atLeast: 0 })
  const facts = { run: connection.run, keys: new Keys('memory'), limits: { history: 10_000, ids: 100_000, keysMs: 86_400_000 }, offsetMinutes: 0 }
  const calls = Array.from({ length: WIDTH }, (_, i) =>
    commitArguments(
      {
        epoch: epoch!,
        floor: 0,
        draft: {
          ...{ id: '', t: Date.now(), target: `agent:agent${i}`, kind: 'update', by: 'bench' },
          leaves: [
            { path: '/status', value: '"active"' },
            { path: '/last_seen', value: '"2026-01-01T00:00:00.000+00:00"' },
            { path: '/last_update', value: '"2026-01-01T00:00:00.000+00:00"' },
          ],
        },
        expect: {},
        before: undefined,
      },
      facts,
    ),
  )
  const commit = (i: number): Promise<unknown> => {
    const { keys, args } = calls[i % WIDTH]!
    const own = [...args]
    own[3] = i.toString(16).padStart(32, '0')
    return connection.evaluate(scriptNamed.commit, [...keys, ...own])
  }
  await inFlight(WIDTH, WARMING, (i) => commit(COUNT + i))
  const elapsed = await inFlight(WIDTH, COUNT, commit)
  await store.close()
  return elapsed
}

async function library(server: RedisServer, hub: boolean): Promise<number> {
  const root = await makeTempFolder()
  const running = hub ? await startHub({ root, redis: server.url }) : null
  const memory = await openLibrary({ root, redisUrl: server.url })
  await inFlight(WIDTH, WARMING, (i) => memory.updateAgentContext(`agent${i % WIDTH}`, { n: -i }))
  const elapsed = await inFlight(WIDTH, COUNT, (i) => memory.updateAgentContext(`agent${i % WIDTH}`, { n: i }))
  await memory.close()
  running?.signal('SIGTERM')
  await running?.ended()
  return elapsed
}
