/** The same work done by others: bare Redis, its command line, the system that was there before, another shared memory, etcd. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Redis } from 'ioredis'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { environmentOf, startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { type Etcd, startEtcd } from './etcd.js'
import { each, inFlight, ms, openLibrary, perSecond, type Row, type Section, which } from './support.js'

const WIDTH = 16
const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('../../hooks/memory_sync.sh', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const SERVER_MEMORY = '@modelcontextprotocol/server-memory@2026.8.31'

export const warmPeers: Section = {
  name: `peers: two writers that run, ${WIDTH} writes in flight, each of another field`,
  columns: ['writes', 'kept of acknowledged'],
  async run() {
    const server = await startRedis()
    const etcd = await startEtcd()
    return [
      await warm('bare Redis: HSET, nothing else', 5_000, await bareRedis(server)),
      await warm('memory_sync: library, hub, Redis', 5_000, await ours(server)),
      await warm('former hub: HSET, KEYS, HGETALL each, whole file; 100 agents', 400, await formerHub(server)),
      await warm(`${SERVER_MEMORY}: two servers, one file`, 400, await serverMemory()),
      ...(etcd === null ? [missing('etcd')] : [await warm('etcd: put over its HTTP gateway', 2_000, viaEtcd(etcd))]),
    ]
  },
}

export const coldPeers: Section = {
  name: 'peers: 50 commands at once, each a process that writes another field of one record',
  columns: ['one alone, p50', 'all 50', 'kept of acknowledged'],
  async run() {
    const server = await startRedis()
    const root = await makeTempFolder()
    const hub = await startHub({ root, redis: server.url })
    const etcd = await startEtcd()
    const client = await server.client()
    const env = environmentOf({ root, redis: server.url })
    const inContext = (): string => readFileSync(`${root}/shared_memory/context.json`, 'utf8')
    const ours = (program: string, args: (i: number) => string[]): Cold => ({
      command: (i) => run(program, args(i), { env }),
      kept: (i) => eventually(() => inContext().includes(`"${program === SCRIPT ? 's' : 'n'}${i}":`) || undefined, { timeoutMs: 3_000, what: 'it' }).catch(() => false),
    })
    const rows = [
      await cold('redis-cli HSET', {
        command: (i) => run('redis-cli', ['-s', server.socketPath, 'HSET', 'bare', `f${i}`, '1']),
        kept: async (i) => (await client.hexists('bare', `f${i}`)) === 1,
      }),
      ...(which('jq') === null ? [missing('former script (jq)')] : [await cold('former script: jq, temporary file, mv', await formerScript())]),
      await cold('memory_sync.sh set, hub', ours(SCRIPT, (i) => ['set', 'mary', `s${i}=1`])),
      await cold('memory_sync set (Node), hub', ours(process.execPath, (i) => [BIN, 'set', 'mary', `n${i}=1`])),
      ...(etcd === null ? [missing('etcdctl')] : [await cold('etcdctl put', viaEtcdctl(etcd))]),
    ]
    hub.signal('SIGTERM')
    await hub.ended()
    return rows
  },
}

export const etcdWatch: Section = {
  name: 'peers: etcd, put to watch over its HTTP gateway, one after another',
  columns: ['p50', 'p99'],
  async run() {
    const etcd = await startEtcd()
    if (etcd === null) return [missing('etcd')]
    const seen = await etcd.watch('bench')
    const samples = await each(300, async (i) => {
      const arrived = seen()
      await Promise.all([etcd.put('bench', String(i)), arrived])
    })
    return [{ what: 'etcd', cells: [ms(samples.median), ms(samples.at(0.99))] }]
  },
}

const missing = (what: string): Row => ({ what: `${what}: not installed, skipped`, cells: [] })

interface Warm {
  write: (i: number) => Promise<unknown>
  kept: (count: number) => Promise<number>
  end?: () => Promise<void>
}

async function warm(what: string, count: number, { write, kept, end }: Warm): Promise<Row> {
  await write(count) // connections are made, code is loaded
  const elapsed = await inFlight(WIDTH, count, write)
  const row = { what, cells: [perSecond(count, elapsed), `${await kept(count)} of ${count}`] }
  await end?.()
  return row
}

async function bareRedis(server: RedisServer): Promise<Warm> {
  const clients = [await server.client(), await server.client()]
  return { write: (i) => clients[i % 2]!.hset('bare', `f${i}`, '1'), kept: async () => (await clients[0]!.hlen('bare')) - 1 }
}

async function ours(server: RedisServer): Promise<Warm> {
  const root = await makeTempFolder()
  const hub = await startHub({ root, redis: server.url })
  const memories = [await openLibrary({ root, redisUrl: server.url }), await openLibrary({ root, redisUrl: server.url })]
  return {
    // Fields of as many records: one record with all of them would be compared as a whole with every write.
    write: (i) => memories[i % 2]!.updateAgentContext(`agent${i % 100}`, { [`f${i}`]: 1 }),
    kept: async (count) => {
      const text = await memories[0]!.getContextText()
      return Array.from({ length: count }, (_, i) => i).filter((i) => text.includes(`"f${i}":`)).length
    },
    end: async () => {
      for (const memory of memories) await memory.close()
      hub.signal('SIGTERM')
      await hub.ended()
    },
  }
}

async function formerHub(server: RedisServer): Promise<Warm> {
  const clients = [await server.client(), await server.client()]
  const file = `${await makeTempFolder()}/context.json`
  let n = 0
  for (let i = 0; i < 100; i++) await clients[0]!.hset(`former:${i}`, 'status', 'active')
  const update = async (client: Redis, i: number): Promise<void> => {
    await client.hset(`former:${i % 100}`, `f${i}`, '1')
    const agents: Record<string, unknown> = {}
    for (const key of await client.keys('former:*')) agents[key] = await client.hgetall(key)
    const temporary = `${file}.${n++}`
    writeFileSync(temporary, JSON.stringify({ agents }, null, 2))
    renameSync(temporary, file)
    await client.publish('former', String(i))
  }
  return {
    write: (i) => update(clients[i % 2]!, i),
    kept: async (count) => {
      const text = readFileSync(file, 'utf8')
      return Array.from({ length: count }, (_, i) => i).filter((i) => text.includes(`"f${i}":`)).length
    },
  }
}

/** Installed into a folder that is removed again. Each agent starts a server of its own, as its clients do. */
async function serverMemory(): Promise<Warm> {
  const folder = await makeTempFolder()
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', SERVER_MEMORY])
  const program = `${folder}/node_modules/@modelcontextprotocol/server-memory/dist/index.js`
  const file = `${folder}/memory.jsonl`
  const servers = [await startMcp(program, file), await startMcp(program, file)]
  let failed = 0
  return {
    write: async (i) => {
      const reply = await servers[i % 2]!.call('create_entities', { entities: [{ name: `f${i}`, entityType: 'agent', observations: ['1'] }] })
      if (reply.includes('"error"') || reply.includes('"isError":true')) failed++
    },
    kept: async (count) => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
      if (failed > 0) console.log(`server-memory refused ${failed} of ${count} writes`)
      return Array.from({ length: count }, (_, i) => i).filter((i) => text.includes(`"f${i}"`)).length
    },
    end: async () => {
      for (const server of servers) await server.end()
    },
  }
}

interface Mcp {
  /** The reply, as text. */
  call: (tool: string, args: object) => Promise<string>
  end: () => Promise<void>
}

async function startMcp(program: string, file: string): Promise<Mcp> {
  const child = spawn(process.execPath, [program], { env: { ...process.env, MEMORY_FILE_PATH: file }, stdio: ['pipe', 'pipe', 'ignore'] })
  afterwards(() => void child.kill('SIGKILL'))
  const waiting = new Map<number, (reply: string) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id } = JSON.parse(line) as { id?: number }
    if (id !== undefined) waiting.get(id)?.(line)
  })
  let n = 0
  const request = (method: string, params: object): Promise<string> => {
    const id = ++n
    const reply = new Promise<string>((resolve) => waiting.set(id, resolve))
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    return reply
  }
  await request('initialize', { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'bench', version: '1' } })
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  return { call: (name, args) => request('tools/call', { name, arguments: args }), end: () => ended(child) }
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, 'exit')
  child.kill()
  await closed
}

const viaEtcd = (etcd: Etcd): Warm => ({
  write: (i) => etcd.put(`f${i}`, '1'),
  kept: async (count) => Math.min(count, (await etcd.count('f')) - 1),
})

interface Cold {
  command: (i: number) => Promise<unknown>
  kept: (i: number) => Promise<boolean> | boolean
}

async function cold(what: string, { command, kept }: Cold): Promise<Row> {
  const alone = await each(20, (i) => command(1_000 + i))
  const start = performance.now()
  const done = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => command(i)))
  const elapsed = performance.now() - start
  const acknowledged = done.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
  let count = 0
  for (const i of acknowledged) if (await kept(i)) count++
  return { what, cells: [ms(alone.median), ms(elapsed), `${count} of ${acknowledged.length}`] }
}

/** As it was: read with jq, write beside, move over. */
async function formerScript(): Promise<Cold> {
  const folder = await makeTempFolder()
  const script = `${folder}/former.sh`
  const file = `${folder}/context.json`
  writeFileSync(file, '{"agents":{"mary":{}}}')
  writeFileSync(script, `#!/bin/sh\nt=$(mktemp)\njq --arg f "f$1" '.agents.mary[$f]=1' ${file} >"$t" && mv "$t" ${file}\n`)
  chmodSync(script, 0o755)
  return { command: (i) => run(script, [String(i)]), kept: (i) => readFileSync(file, 'utf8').includes(`"f${i}":`) }
}

const viaEtcdctl = (etcd: Etcd): Cold => ({
  command: (i) => run('etcdctl', ['--endpoints', etcd.url, 'put', `cold${i}`, '1'], { env: { ...process.env, ETCDCTL_API: '3' } }),
  kept: async (i) => (await etcd.count(`cold${i}`, true)) === 1,
})
