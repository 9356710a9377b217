/** One run of the simulation: a seed, a few hundred steps of trouble, peace, and what must be true then. */
import { composeDocument } from '../../src/domain/document.js'
import { listAt } from '../../src/domain/entry.js'
import { formatLine, parseTreeMap, stringOf, type Tree, type TreeMap } from '../../src/domain/json.js'
import { agentTarget } from '../../src/domain/operation.js'
import { setLeaf, valueAt } from '../../src/domain/tree.js'
import type { WriteRequest } from '../../src/core/memory.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { drain, type Process } from './scheduler.js'
import { note } from './trace.js'
import { type Host, World, type WorldOptions } from './world.js'

export interface RunOptions extends WorldOptions {
  steps: number
  faultRate: number
  hubs: boolean
}

export const DEFAULTS: RunOptions = { hosts: 2, replyLoss: 0.01, redis: 'named', steps: 3_000, faultRate: 0.012, hubs: true }

interface Attempt {
  id: string
  agent: string
  kind: 'unique' | 'status' | 'count'
  field: string
  host: number
  request: WriteRequest
}

interface Ack {
  attempt: Attempt
  durability: 'redis' | 'file'
  /** Acknowledgements that had been given when this write was first started. */
  after: number
}

export interface RunResult {
  violations: string[]
  acknowledged: number
  failures: string[]
}

const AGENTS = ['mary', 'rnd', 'gc']

export async function run(seed: number, options: RunOptions = DEFAULTS): Promise<RunResult> {
  const simulation = new Simulation(new World(seed, options), options)
  await simulation.trouble()
  await simulation.peace()
  simulation.noteVersions()
  return simulation.verdict()
}

class Simulation {
  private readonly acks: Ack[] = []
  private readonly attempts: Attempt[] = []
  private readonly firstStart = new Map<string, number>()
  private readonly edits: { agent: string; field: string; value: string }[] = []
  private readonly deletes: string[] = []
  private readonly hsets: { field: string; value: string }[] = []
  private readonly violations: string[] = []
  private counter = 0

  constructor(
    private readonly world: World,
    private readonly options: RunOptions,
  ) {}

  async trouble(): Promise<void> {
    const { world, options } = this
    if (options.hubs) for (const host of world.hosts) world.startHub(host)
    for (let step = 0; step < options.steps; step++) {
      world.now += 1 + Math.floor(world.chance.next() * 2)
      if (world.chance.chance(0.012)) this.startWriter()
      if (world.chance.chance(options.faultRate)) await this.fault()
      if (world.chance.chance(0.003)) this.startEditor()
      await this.step()
    }
  }

  async peace(): Promise<void> {
    const { world } = this
    if (world.state === 'down') world.restart(world.chance.chance(0.3) ? 'nothing' : 'all')
    await world.resume()
    world.options.replyLoss = 0
    for (const host of world.hosts) {
      host.cut = false
      host.rounds = 0
      world.startHub(host)
    }
    for (let step = 0; step < 20_000; step++) {
      world.now += 5
      await this.step()
      if (step > 600 && step % 100 === 0 && (await this.isQuiet())) return
    }
    this.violations.push(...(await this.differences()))
  }

  noteVersions(): void {
    for (const host of this.world.hosts) {
      for (const [path, inode] of host.disk.names) if (/version\.\d+/.test(path)) note(this.world.now, 'VERSION', path, inode.text)
    }
  }

  verdict(): RunResult {
    const agents = this.finalAgents()
    for (const { attempt, durability } of this.acks) this.checkAck(agents, attempt, durability)
    this.checkCounts(agents)
    this.checkStatus(agents)
    for (const edit of this.edits) {
      if (stringAt(agents, edit.agent, edit.field) !== edit.value) this.violations.push(`LOST hand edit ${edit.agent}.${edit.field}`)
    }
    for (const agent of this.deletes) if (agents.has(agent)) this.violations.push(`RESURRECTED ${agent}`)
    this.checkStream()
    const failures = this.world.processes.flatMap((process) => (process.failure === undefined ? [] : [describe(process.failure)]))
    return { violations: [...failures, ...this.violations], acknowledged: this.acks.length, failures }
  }

  // ---- what happens

  private async step(): Promise<void> {
    const ready = this.world.processes.filter((process) => process.isReady)
    if (ready.length > 0) this.world.chance.pick(ready).open()
    await drain()
    if (this.counter % 50 === 0) this.prune()
  }

  private prune(): void {
    const { processes } = this.world
    for (let i = processes.length - 1; i >= 0; i--) {
      const process = processes[i]!
      if (!process.alive || (process.finished && process.failure === undefined)) processes.splice(i, 1)
    }
  }

  private startWriter(): void {
    const { world } = this
    if (world.processes.filter((process) => process.isReady).length > 14) return
    const again = world.chance.chance(0.15) && this.attempts.length > 0
    const attempt = again ? world.chance.pick(this.attempts.slice(-5)) : this.newAttempt(world.chance.pick(world.hosts))
    if (!again) this.attempts.push(attempt)
    const after = this.firstStart.get(attempt.id) ?? this.acks.length
    this.firstStart.set(attempt.id, after)
    world.spawn(`writer ${attempt.id}`, async (process) => {
      const durability = await world.write(world.hosts[attempt.host]!, process, attempt.request, attempt.id)
      note(world.now, 'ack', attempt.host, attempt.id.slice(0, 8), attempt.agent, attempt.field, durability)
      world.hosts[attempt.host]!.rounds = 0
      if (durability !== 'refused') this.acks.push({ attempt, durability, after })
    })
  }

  private newAttempt(host: Host): Attempt {
    const { chance } = this.world
    const n = ++this.counter
    const id = `w${n}`.padEnd(32, '-')
    const base = { id, host: host.i }
    const roll = chance.next()
    if (roll < 0.08) return { ...base, agent: `tmp${n}`, kind: 'unique', field: `u${n}`, request: setRequest(`tmp${n}`, `u${n}`, id) }
    const agent = chance.pick(AGENTS)
    if (roll < 0.4) return { ...base, agent, kind: 'unique', field: `u${n}`, request: setRequest(agent, `u${n}`, id) }
    if (roll < 0.55) {
      return { ...base, agent, kind: 'unique', field: `context.u${n}`, request: setRequest(agent, `context/u${n}`, id) }
    }
    if (roll < 0.75) return { ...base, agent, kind: 'status', field: 'status', request: setRequest(agent, 'status', id) }
    const counted = `rec${Math.floor(this.attempts.filter((other) => other.kind === 'count').length / 15)}`
    return { ...base, agent: counted, kind: 'count', field: '', request: countRequest(counted, id, this.world.now) }
  }

  private startEditor(): void {
    const { world } = this
    const host = world.chance.pick(world.hosts)
    const path = world.contextPath(host)
    const seen = host.disk.get(path)
    if (seen === undefined) return
    const document = parseTreeMap(seen.text)
    world.spawn('editor', async (process) => {
      for (let i = 0; i < 12; i++) await process.gate()
      const present = host.disk.get(path)
      if (present !== undefined && present !== seen && this.isForeign(present.text)) return // two people at once are on their own
      const agent = world.chance.pick(AGENTS)
      const edit = { agent, field: `e${++this.counter}`, value: `edit${this.counter}` }
      setLeaf(document, `/agents/${agent}/${edit.field}`, JSON.stringify(edit.value))
      this.edits.push(edit)
      this.deleteOne(document)
      note(world.now, 'edit', host.i, edit.agent, edit.field, 'made from', String(document.get('rev')), 'deleted', this.deletes)
      host.disk.create(path, this.mark(`${formatLine(document)}\n`))
    })
  }

  private readonly foreign = new Set<string>()
  private mark(text: string): string {
    this.foreign.add(text)
    return text
  }
  private isForeign(text: string): boolean {
    return this.foreign.has(text)
  }

  /** Sometimes an agent is taken out by hand. */
  private deleteOne(document: TreeMap): void {
    const agents = document.get('agents')
    if (typeof agents !== 'object') return
    const candidates = [...agents.keys()].filter((name) => name.startsWith('tmp') && !this.deletes.includes(name))
    if (candidates.length === 0 || !this.world.chance.chance(0.6)) return
    const agent = this.world.chance.pick(candidates)
    agents.delete(agent)
    this.deletes.push(agent)
  }

  private async fault(): Promise<void> {
    const { world } = this
    const { chance, server } = world
    const roll = chance.next()
    if (roll < 0.1) {
      if (world.state === 'up') world.state = 'down'
    } else if (roll < 0.32) {
      if (world.state === 'down') {
        const how = chance.next()
        world.restart(how < 0.35 ? 'nothing' : how < 0.7 && world.snapshot !== null ? world.snapshot : 'all')
      }
    } else if (roll < 0.37) {
      if (world.state === 'up') world.snapshot = server.snapshot()
    } else if (roll < 0.4) {
      if (world.state === 'up') server.flush()
      note(world.now, 'FLUSH?', world.state)
    } else if (roll < 0.45) {
      if (world.state === 'up') world.state = 'stopped'
    } else if (roll < 0.58) {
      if (world.state === 'stopped') await world.resume()
    } else if (roll < 0.64) chance.pick(world.hosts).cut = true
    else if (roll < 0.76) chance.pick(world.hosts).cut = false
    else if (roll < 0.8) this.kill()
    else if (roll < 0.88) {
      if (this.options.hubs) world.startHub(chance.pick(world.hosts))
    } else if (roll < 0.91) {
      const agent = chance.pick([...AGENTS, 'rec0'])
      if (world.state === 'up') server.evict(agentTarget(agent))
      note(world.now, 'EVICT', agent, world.state)
    } else if (roll < 0.95) this.legacySet()
    else chance.pick(world.hosts).skew += chance.pick([-300, -50, 50, 300])
  }

  private kill(): void {
    const alive = this.world.processes.filter((process) => process.alive && !process.finished && process.name !== 'editor')
    if (alive.length === 0) return
    const victim = this.world.chance.pick(alive)
    note(this.world.now, 'KILL', victim.name)
    victim.kill()
  }

  private legacySet(): void {
    const { world } = this
    if (world.state !== 'up') return
    const n = ++this.counter
    world.server.legacySet('claude', `h${n}`, `legacy${n}`)
    this.hsets.push({ field: `h${n}`, value: `legacy${n}` })
  }

  // ---- what must be true

  private async isQuiet(): Promise<boolean> {
    const busy = this.world.processes.some((process) => !process.name.startsWith('hub') && process.alive && !process.finished)
    if (busy) {
      for (const host of this.world.hosts) host.rounds = 0
      return false
    }
    return this.world.hosts.every((host) => host.rounds >= 2) && (await this.differences()).length === 0
  }

  /** Where file and Redis are not the same document. */
  private async differences(): Promise<string[]> {
    const redis = comparable(await this.redisDocument())
    return this.world.hosts.flatMap((host) => {
      const text = this.world.hosts[host.i]!.disk.get(this.world.contextPath(host))?.text
      const file = text === undefined ? 'nothing' : comparable(parseTreeMap(text))
      return file === redis ? [] : [`not converged: host ${host.i}\n  file  ${file}\n  redis ${redis}`]
    })
  }

  private async redisDocument(): Promise<TreeMap> {
    const store = new MemoryStore(this.world.server)
    const entries = new Map()
    for (const target of await store.targets()) entries.set(target, (await store.read(target)).entry)
    return composeDocument(new Map([...entries].filter(([, entry]) => entry !== undefined)), {
      rev: 0,
      lastUpdate: undefined,
      order: [],
    })
  }

  private finalAgents(): TreeMap {
    const host = this.world.hosts[0]!
    const agents = parseTreeMap(host.disk.get(this.world.contextPath(host))?.text ?? '{}').get('agents')
    return typeof agents === 'object' ? agents : new Map<string, Tree>()
  }

  private checkAck(agents: TreeMap, attempt: Attempt, durability: string): void {
    if (this.deletes.includes(attempt.agent)) return
    if (attempt.kind === 'unique' && stringAt(agents, attempt.agent, attempt.field) !== attempt.id) {
      this.violations.push(`LOST acknowledged (${durability}) ${attempt.agent}.${attempt.field}`)
    }
    if (attempt.kind === 'count' && !countedIds(agents, attempt.agent).includes(attempt.id)) {
      this.violations.push(`LOST acknowledged (${durability}) record ${attempt.id} of ${attempt.agent}`)
    }
  }

  private checkCounts(agents: TreeMap): void {
    for (const [agent, record] of agents) {
      if (typeof record !== 'object' || !agent.startsWith('rec')) continue
      const ids = countedIds(agents, agent)
      const total = valueAt(record, '/context/totals/count')
      if (total !== String(ids.length)) this.violations.push(`TWICE or lost: ${agent} counts ${String(total)}, lists ${ids.length}`)
      if (new Set(ids).size !== ids.length) this.violations.push(`TWICE: ${agent} lists an id twice`)
    }
  }

  /** A later write of the same host is never beaten by one that was acknowledged before it began. */
  private checkStatus(agents: TreeMap): void {
    for (const agent of AGENTS) {
      const acks = this.acks.filter((ack) => ack.attempt.kind === 'status' && ack.attempt.agent === agent)
      const final = stringAt(agents, agent, 'status')
      if (acks.length > 0 && final === undefined) this.violations.push(`LOST status of ${agent}`)
      const winners = acks.filter((ack) => ack.attempt.id === final)
      for (const winner of winners) {
        const at = this.acks.indexOf(winner)
        for (const later of acks) {
          const isLater = later.attempt.host === winner.attempt.host && later.after > at && later.attempt.id !== final
          if (isLater) this.violations.push(`STALE WINS: ${winner.attempt.id} over ${later.attempt.id} (${agent})`)
        }
      }
    }
  }

  private checkStream(): void {
    let last = 0
    for (const { rev } of this.world.server.data.stream) {
      if (rev <= last) this.violations.push(`revision ${rev} after ${last}`)
      last = rev
    }
  }
}

function setRequest(agent: string, path: string, value: string): WriteRequest {
  const edits: WriteRequest['edits'] = [{ do: 'set', path: `/${path}`, value: JSON.stringify(value) }]
  return { target: agentTarget(agent), kind: 'set', edits, by: 'sim' }
}

function countRequest(agent: string, id: string, now: number): WriteRequest {
  const value = JSON.stringify({ id, timestamp: new Date(now).toISOString() })
  return {
    target: agentTarget(agent),
    kind: 'record',
    by: 'sim',
    edits: [
      { do: 'add', path: '/context/totals/count', by: '1' },
      { do: 'insert', path: '/context/records', value, keep: 20 },
    ],
  }
}

function stringAt(agents: TreeMap, agent: string, field: string): string | undefined {
  const record = agents.get(agent)
  if (typeof record !== 'object') return undefined
  return stringOf(valueAt(record, `/${field.replace('.', '/')}`))
}

function countedIds(agents: TreeMap, agent: string): string[] {
  const record = agents.get(agent)
  return typeof record === 'object' ? listAt(record, '/context/records').map((entry) => entry.id) : []
}

/** Canonical text: sorted, without what each side says in its own way. */
function comparable(document: TreeMap): string {
  const copy = new Map(document)
  copy.delete('rev')
  copy.delete('last_update')
  copy.delete('paths')
  return sorted(copy)
}

function sorted(tree: Tree): string {
  if (typeof tree === 'string') return tree
  return `{${[...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${sorted(value)}`)
    .join(',')}}`
}

const describe = (failure: unknown): string =>
  `FAILED: ${failure instanceof Error ? (failure.stack ?? failure.message).split('\n').slice(0, 4).join(' | ') : String(failure)}`

export type { Process }
