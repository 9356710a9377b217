/** `npm run bench:scale`: what stays flat when there is much of everything. Results: docs/benchmarks.md. */
import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { formatLine, parseTree } from '../../src/domain/json.js'
import { eventually } from '../support/eventually.js'
import { type Program, startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { cpuOf, each, inFlight, ms, openLibrary, residentOf, type Row, runSections, type Section, Samples, sleep, times, writtenBy } from './support.js'

type Memory = Awaited<ReturnType<typeof openLibrary>>

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`
const MB = 1024 * 1024
/** Fewer, to try the bench itself. */
const AGENTS = Number(process.env['BENCH_AGENTS'] ?? 10_000)
const ALL = AGENTS.toLocaleString('en-US')

interface Place {
  server: RedisServer
  root: string
  hub: Program
  memory: Memory
}

/** A hub with so many agents, each with a text of so many characters. */
async function placeWith(agents: number, characters: number): Promise<Place> {
  const server = await startRedis()
  const root = await makeTempFolder()
  const hub = await startHub({ root, redis: server.url })
  const memory = await openLibrary({ root, redisUrl: server.url })
  const note = 'what an agent has to say. '.repeat(Math.ceil(characters / 26)).slice(0, characters)
  await inFlight(16, agents, (i) => memory.updateAgentContext(`agent${i}`, { n: 0, note }))
  await settled(root, (await memory.updateAgentContext('agent0', { n: 1 })).rev!)
  return { server, root, hub, memory }
}

const contextOf = (root: string): string => `${root}/shared_memory/context.json`

/** The revision stands at the end of the file. */
function revisionOf(root: string): number {
  return Number(/"rev": (\d+)\n\}\n$/.exec(readFileSync(contextOf(root), 'utf8').slice(-100))?.[1] ?? 0)
}

const settled = (root: string, rev: number): Promise<unknown> =>
  eventually(() => revisionOf(root) >= rev || Promise.reject(new Error('older')), { timeoutMs: 60_000, intervalMs: 5, what: 'the file' })

async function leave({ memory, hub, server }: Place): Promise<void> {
  await memory.close()
  hub.signal('SIGTERM')
  await hub.ended()
  await server.stop()
}

const reading: Section = {
  name: `reading: ${ALL} agents`,
  columns: ['p50', 'p99', 'to the floor'],
  async run() {
    const place = await placeWith(AGENTS, 200)
    const client = await place.server.client()
    const keys = Array.from({ length: AGENTS }, (_, i) => `memory:agents:agent${i}`)
    const pipelined = async (): Promise<void> => {
      const pipeline = client.pipeline()
      for (const key of keys) pipeline.hgetall(key)
      await pipeline.exec()
    }
    const oneByOne = async (): Promise<void> => {
      for (const key of await client.keys('memory:agents:*')) await client.hgetall(key)
    }
    const alone = await openLibrary({ root: await makeTempFolder(), redisUrl: place.server.url })
    const floor = new Samples()
    const all = { 'text, by the hub': new Samples(), 'objects, by the hub': new Samples(), 'text, without a hub': new Samples(), 'former hub: KEYS, and HGETALL each': new Samples() }
    const timed = async (samples: Samples, action: () => Promise<unknown>): Promise<void> => {
      for (const value of (await each(1, action)).values) samples.add(value)
    }
    for (let i = 0; i < 20; i++) {
      await timed(floor, pipelined)
      await timed(all['text, by the hub'], () => place.memory.getContextText())
      await timed(all['objects, by the hub'], () => place.memory.getUnifiedContext())
      if (i % 4 === 0) await timed(all['text, without a hub'], () => alone.getContextText())
      if (i % 4 === 0) await timed(all['former hub: KEYS, and HGETALL each'], oneByOne)
    }
    await alone.close()
    await leave(place)
    const row = (what: string, samples: Samples): Row => ({ what, cells: [ms(samples.median), ms(samples.at(0.99)), times(samples.median / floor.median)] })
    return [row('floor: one pipelined HGETALL of each', floor), ...Object.entries(all).map(([what, samples]) => row(what, samples))]
  },
}

const updating: Section = {
  name: 'updating: one after another, every 5 ms, by the number of agents',
  columns: ['p50', 'p99', 'Redis commands', 'bytes to Redis', 'Redis CPU', 'hub CPU', 'hub writes'],
  async run() {
    const rows: Row[] = []
    for (const agents of [10, AGENTS / 10, AGENTS]) {
      const place = await placeWith(agents, 200)
      rows.push(await updatesOf(place, agents))
      await leave(place)
    }
    return rows
  },
}

const UPDATES = 400

async function updatesOf(place: Place, agents: number): Promise<Row> {
  const { server, hub, memory } = place
  const client = await server.client()
  const stats = async (): Promise<number[]> => {
    const info = await client.info()
    return ['total_commands_processed', 'total_net_input_bytes', 'used_cpu_user', 'used_cpu_sys'].map((name) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]))
  }
  const [before, cpu, written] = [await stats(), cpuOf(hub.pid), writtenBy(hub.pid)]
  const samples = new Samples()
  for (let i = 0; i < UPDATES; i++) {
    const start = performance.now()
    await memory.updateAgentContext(`agent${i % 10}`, { n: i })
    samples.add(performance.now() - start)
    await sleep(5)
  }
  const after = await stats()
  const each = (from: number, to: number): number => (to - from) / UPDATES
  const cells = [
    ...[ms(samples.median), ms(samples.at(0.99))],
    (each(before[0]!, after[0]!)).toFixed(1),
    each(before[1]!, after[1]!).toFixed(0),
    ms(each(before[2]! + before[3]!, after[2]! + after[3]!) * 1_000),
    ms(each(cpu, cpuOf(hub.pid))),
    `${(each(written, writtenBy(hub.pid)) / 1024).toFixed(1)} KB`,
  ]
  return { what: `${agents.toLocaleString('en-US')} agents`, cells }
}

const load: Section = {
  name: 'load: 1,000 updates a second for 20 seconds',
  columns: ['done', 'ack p50', 'ack p99', 'hub CPU', 'file behind, at most', 'file after the last', 'file written', 'resident'],
  async run() {
    const rows: Row[] = []
    for (const [what, agents, characters] of [['10 agents, 5 KB', 10, 400], [`${ALL} agents of 500 bytes`, AGENTS, 400]] as const) {
      const place = await placeWith(agents, characters)
      await loadOn(place, agents, WARMING_SECONDS)
      await sleep(2_000)
      rows.push({ what, cells: await loadOn(place, agents, SECONDS) })
      await leave(place)
    }
    return rows
  },
}

const SECONDS = 20
/** A hub lives for days: what V8 compiles in its first seconds is not what is asked for here. */
const WARMING_SECONDS = 15

async function loadOn({ root, hub, memory }: Place, agents: number, seconds: number): Promise<string[]> {
  const acks = new Samples()
  const due: { rev: number; at: number }[] = []
  let behind = 0
  let writes = 0
  let ino = 0
  const look = setInterval(() => {
    const now = statSync(contextOf(root)).ino
    if (now === ino) return
    ino = now
    writes++
    const shown = revisionOf(root)
    while (due.length > 0 && due[0]!.rev <= shown) behind = Math.max(behind, performance.now() - due.shift()!.at)
  }, 10)
  const [cpu, start] = [cpuOf(hub.pid), performance.now()]
  const open = new Set<Promise<void>>()
  for (let i = 0; i < seconds * 1_000; i++) {
    const wait = start + i - performance.now()
    if (wait > 1) await sleep(wait)
    const at = performance.now()
    const write = memory.updateAgentContext(`agent${(i * 7) % agents}`, { n: i }).then(({ rev }) => {
      acks.add(performance.now() - at)
      due.push({ rev: rev!, at: performance.now() })
      open.delete(write)
    })
    open.add(write)
  }
  await Promise.all(open)
  const [last, elapsed] = [performance.now(), performance.now() - start]
  const used = cpuOf(hub.pid) - cpu
  await settled(root, Math.max(...due.map(({ rev }) => rev), 0))
  const converged = performance.now() - last
  clearInterval(look)
  const count = acks.values.length
  return [
    ...[`${Math.round(count / (elapsed / 1_000))}/s`, ms(acks.median), ms(acks.at(0.99)), percent(used / elapsed)],
    ...[ms(behind), ms(converged), `${writes} times`, `${residentOf(hub.pid).toFixed(0)} MB`],
  ]
}

const watchers: Section = {
  name: 'watchers: 1,000 connections, 100 updates',
  columns: ['told', 'p50', 'p99', 'hub CPU an update'],
  async run() {
    const place = await placeWith(10, 200)
    const memories = await Promise.all(Array.from({ length: 1_000 }, () => openLibrary({ root: place.root, redisUrl: place.server.url })))
    const end = new AbortController()
    const told = new Samples()
    let sentAt = 0
    const follow = async (memory: Memory): Promise<void> => {
      for await (const event of memory.watch({ signal: end.signal })) if (event['rev'] !== undefined) told.add(performance.now() - sentAt)
    }
    const all = memories.map((memory) => follow(memory).catch(() => undefined))
    await sleep(5_000)
    const cpu = cpuOf(place.hub.pid)
    for (let i = 1; i <= 100; i++) {
      sentAt = performance.now()
      await place.memory.updateAgentContext('mary', { n: i })
      await eventually(() => told.values.length >= i * 1_000 || Promise.reject(new Error(`${told.values.length}`)), { timeoutMs: 10_000, intervalMs: 2, what: 'all told' })
    }
    const used = cpuOf(place.hub.pid) - cpu
    end.abort()
    await Promise.all(all)
    for (const memory of memories) await memory.close()
    await leave(place)
    return [{ what: 'a write to each watcher', cells: [`${told.values.length} of 100000`, ms(told.median), ms(told.at(0.99)), ms(used / 100)] }]
  },
}

const journal: Section = {
  name: 'journal: 100 MB of writes that Redis has not got yet',
  columns: ['lines', 'hub answers after', 'all in Redis after', 'resident'],
  async run() {
    const server = await startRedis()
    const root = await makeTempFolder()
    const first = await startHub({ root, redis: server.url })
    first.signal('SIGTERM')
    await first.ended()
    const lines = await fillJournal(root, await oneLine(root))
    const start = performance.now()
    const hub = await startHub({ root, redis: server.url })
    const answers = performance.now() - start
    const client = await server.client()
    await eventually(async () => Number(await client.hget('memory:agents:filler', 'n')) === 1 || Promise.reject(new Error('not yet')), { timeoutMs: 600_000, intervalMs: 200, what: 'the last line in Redis' })
    const row = { what: '100 MB', cells: [lines.toLocaleString('en-US'), ms(answers), ms(performance.now() - start), `${residentOf(hub.pid).toFixed(0)} MB`] }
    hub.signal('SIGTERM')
    await hub.ended()
    return [row]
  },
}

/** A line of the journal as a write makes it while Redis is away. */
async function oneLine(root: string): Promise<string> {
  const nowhere = `unix://${root}/nobody.sock`
  const memory = await openLibrary({ root, redisUrl: nowhere })
  await memory.updateAgentContext('filler', { note: 'x'.repeat(300) })
  await memory.close()
  const lines = readFileSync(`${root}/shared_memory/.memory_sync/journal`, 'utf8').split('\n').filter((line) => line.includes('filler'))
  return lines.at(-1)!
}

async function fillJournal(root: string, line: string): Promise<number> {
  const id = /"id":"([0-9a-f]{32})"/.exec(line)![1]!
  const count = Math.ceil((100 * MB) / line.length)
  const texts: string[] = []
  for (let i = 0; i < count; i++) {
    texts.push(line.replace(id, i.toString(16).padStart(32, '0')).replaceAll('agent:filler', `agent:a${i % 1_000}`))
  }
  const last = line.replace(id, 'f'.repeat(32)).replace(/"edits":\[.*?\](?=,")/, `"edits":[{"do":"set","path":"/n","value":"1"}]`)
  texts.push(last)
  formatLine(parseTree(last)) // it still is a line
  appendFileSync(`${root}/shared_memory/.memory_sync/journal`, `\n${texts.join('\n')}\n`)
  return count + 1
}

const idle: Section = {
  name: 'idle: a hub that nobody asks, for 180 seconds',
  columns: ['CPU', 'resident'],
  async run() {
    const rows: Row[] = []
    for (const [what, agents] of [['10 agents', 10], [`${ALL} agents`, AGENTS]] as const) {
      const place = await placeWith(agents, 400)
      await sleep(30_000) // what V8 tidies up after all of these writes is not what a hub does that nobody asks
      const [cpu, start] = [cpuOf(place.hub.pid), performance.now()]
      await sleep(180_000) // as long as it takes until all records are compared once
      rows.push({ what, cells: [percent((cpuOf(place.hub.pid) - cpu) / (performance.now() - start)), `${residentOf(place.hub.pid).toFixed(0)} MB`] })
      await leave(place)
    }
    return rows
  },
}

await runSections([reading, updating, load, watchers, journal, idle])
