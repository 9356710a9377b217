/** What one update costs, in counts: they are the same on every machine, and however many agents there are. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMemory, type SharedMemory } from '../../src/index.js'
import { eventually } from '../support/eventually.js'
import { type Program, startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

const FEW = 5
const MANY = 400
const UPDATES = 30

interface Place {
  server: RedisServer
  root: string
  hub: Program
  memory: SharedMemory
}

interface Cost {
  commands: number
  sent: number
  appended: number
}

async function placeWith(agents: number): Promise<Place> {
  const server = await startRedis()
  const root = await makeTempFolder()
  const hub = await startHub({ root, redis: server.url })
  const memory = await openMemory({ root, redisUrl: server.url })
  // One width for all names: what is counted are bytes.
  await Promise.all(Array.from({ length: agents }, (_, i) => memory.updateAgentContext(nameOf(i), { n: 1000, note: 'x'.repeat(100) })))
  await shown(root, (await memory.updateAgentContext(nameOf(0), { n: 1001 })).rev!)
  return { server, root, hub, memory }
}

const nameOf = (i: number): string => `agent${String(i).padStart(4, '0')}`
const folderOf = (root: string): string => `${root}/shared_memory/.memory_sync`

function shown(root: string, rev: number): Promise<unknown> {
  return eventually(() => {
    const { rev: present } = JSON.parse(readFileSync(`${root}/shared_memory/context.json`, 'utf8')) as { rev: number }
    if (present < rev) throw new Error(`it shows ${present}`)
    return present
  }, { timeoutMs: 20_000, what: `a file with ${rev}` })
}

/** Sizes of the files that only grow. */
function appendedTo(root: string): number {
  const names = readdirSync(folderOf(root)).filter((name) => /^(journal|history)/.test(name))
  return names.reduce((sum, name) => sum + statSync(`${folderOf(root)}/${name}`).size, 0)
}

/** The least of some tries: now and then a hub compares every record, or folds the journal, and that is not the update's. */
async function costOf(place: Place): Promise<Cost> {
  const client = await place.server.client()
  const stats = async (): Promise<{ commands: number; sent: number }> => {
    const text = await client.info('stats')
    const number = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(text)?.[1])
    return { commands: number('total_commands_processed'), sent: number('total_net_input_bytes') }
  }
  const least: Cost = { commands: Infinity, sent: Infinity, appended: Infinity }
  for (let attempt = 0; attempt < 4; attempt++) {
    const [before, sizeBefore] = [await stats(), appendedTo(place.root)]
    let rev = 0
    for (let i = 0; i < UPDATES; i++) rev = (await place.memory.updateAgentContext(nameOf(i % FEW), { n: 2000 + i })).rev!
    await shown(place.root, rev)
    const after = await stats()
    least.commands = Math.min(least.commands, (after.commands - before.commands) / UPDATES)
    least.sent = Math.min(least.sent, (after.sent - before.sent) / UPDATES)
    const appended = (appendedTo(place.root) - sizeBefore) / UPDATES
    if (appended > 0) least.appended = Math.min(least.appended, appended)
  }
  client.disconnect()
  return least
}

describe('an update with a hub and Redis', () => {
  const costs = new Map<number, Cost>()
  const places: Place[] = []
  beforeAll(async () => {
    for (const agents of [FEW, MANY]) {
      const place = await placeWith(agents)
      places.push(place)
      costs.set(agents, await costOf(place))
    }
  })
  afterAll(async () => {
    for (const { memory } of places) await memory.close()
  })

  it('takes a few Redis commands, as many for 400 agents as for 5', () => {
    const [few, many] = [costs.get(FEW)!, costs.get(MANY)!]
    expect(few.commands).toBeLessThan(60) // those that a script calls are counted too
    expect(many.commands).toBeLessThan(few.commands * 1.3)
  })

  it('sends Redis as many bytes for 400 agents as for 5', () => {
    const [few, many] = [costs.get(FEW)!, costs.get(MANY)!]
    expect(few.sent).toBeLessThan(3_000)
    expect(many.sent).toBeLessThan(few.sent * 1.3)
  })

  it('appends as many bytes to journal and history for 400 agents as for 5', () => {
    const [few, many] = [costs.get(FEW)!, costs.get(MANY)!]
    expect(few.appended).toBeLessThan(4_000)
    expect(many.appended).toBeLessThan(few.appended * 1.1)
  })

  it('is one of many in a version of context.json when they come in a stream', async () => {
    const { root, memory } = places[0]!
    const versions = (): number => readdirSync(folderOf(root)).filter((name) => /^version\.\d+\.log$/.test(name)).reduce((sum, name) => sum + linesOf(`${folderOf(root)}/${name}`), 0)
    const before = versions()
    const receipts = await Promise.all(Array.from({ length: 600 }, (_, i) => memory.updateAgentContext(nameOf(i % FEW), { n: i })))
    await shown(root, Math.max(...receipts.map(({ rev }) => rev!)))
    expect(versions() - before).toBeLessThan(200)
  })
})

const linesOf = (path: string): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').length : 0)
