/** Writers: each a command of its own or a program that lives on, with or without a hub beside it; one may repeat the write of one before. */
import type { WriteRequest } from '../../src/core/memory.js'
import { agentTarget } from '../../src/domain/operation.js'
import type { Process } from './scheduler.js'
import { note } from './trace.js'
import type { Host, Program, World } from './world.js'

export const AGENTS: readonly string[] = ['mary', 'rnd', 'gc']

/** Who has written writes once more. */
const GOES_ON = 0.4

export interface Attempt {
  id: string
  agent: string
  /**
   * `compared`: only if the record still has the revision that the writer reads first. `sum`: added to a number of its own; `end`: what the
   * same program then puts in its place, there, above or below.
   */
  kind: 'unique' | 'status' | 'count' | 'compared' | 'sum' | 'end'
  field: string
  host: number
  request: WriteRequest
}

export interface Ack {
  attempt: Attempt
  durability: 'redis' | 'file'
  /** When it was given, and when the write was first started. */
  at: number
  began: number
  /** Acknowledgements that had been given when the write was first started. */
  after: number
}

export class Workload {
  readonly acks: Ack[] = []
  /** By id: the revisions that a `compared` write was tried with. */
  readonly asked = new Map<string, Set<number>>()
  /** Numbers that somebody has tried to put an end to. */
  readonly tried = new Set<string>()
  private readonly attempts: Attempt[] = []
  private readonly firstStart = new Map<string, { after: number; began: number }>()
  private counter = 0

  constructor(private readonly world: World) {}

  /** Numbers that no two things of a run share. */
  next(): number {
    return ++this.counter
  }

  startWriter(): void {
    const { world } = this
    if (world.processes.filter((process) => process.isReady).length > 14) return
    const first = this.pickAttempt()
    world.spawn(`writer ${first.id}`, async (process) => {
      const host = world.hosts[first.host]!
      const program = world.program(host, process)
      await this.write(first, host, process, program)
      if (first.kind === 'sum') await this.endSum(first, host, process, program)
      while (world.chance.chance(GOES_ON)) {
        await process.gate()
        await this.write(this.newAttempt(host), host, process, program)
      }
      await program.end()
    })
  }

  private async write(attempt: Attempt, host: Host, process: Process, program: Program): Promise<void> {
    const { world } = this
    const start = this.firstStart.get(attempt.id) ?? { after: this.acks.length, began: world.now }
    this.firstStart.set(attempt.id, start)
    const request = attempt.kind === 'compared' ? await this.compared(attempt, host, process) : attempt.request
    const durability = await program.write(request, attempt.id)
    note(world.now, 'ack', attempt.host, attempt.id.slice(0, 8), attempt.agent, attempt.field, durability)
    host.rounds = 0
    if (durability !== 'refused') this.acks.push({ attempt, durability, at: world.now, ...start })
  }

  /** Adds to what it has just acknowledged no more: so that what stands there in the end is known. */
  private async endSum(sum: Attempt, host: Host, process: Process, program: Program): Promise<void> {
    if (this.tried.has(sum.field) || !this.acks.some(({ attempt }) => attempt === sum)) return
    this.tried.add(sum.field)
    await process.gate()
    const end = this.endOf(sum)
    this.attempts.push(end)
    await this.write(end, host, process, program)
  }

  private endOf(sum: Attempt): Attempt {
    const id = `w${this.next()}`.padEnd(32, '-')
    const [above = ''] = sum.field.split('/n')
    const value = JSON.stringify(id)
    const edit = this.world.chance.pick<WriteRequest['edits'][number]>([
      { do: 'delete', path: sum.field },
      { do: 'delete', path: above },
      { do: 'set', path: above, value },
      { do: 'set', path: `${sum.field}/part`, value },
    ])
    return { ...sum, id, kind: 'end', request: { ...sum.request, edits: [edit] } }
  }

  private async compared({ id, request }: Attempt, host: Host, process: Process): Promise<WriteRequest> {
    const ifRev = await this.world.revisionOf(host, process, request.target)
    const asked = this.asked.get(id) ?? new Set()
    this.asked.set(id, asked.add(ifRev))
    return { ...request, ifRev }
  }

  private pickAttempt(): Attempt {
    const { chance, hosts } = this.world
    if (this.attempts.length > 0 && chance.chance(0.15)) return chance.pick(this.attempts.slice(-5))
    return this.newAttempt(chance.pick(hosts))
  }

  private newAttempt(host: Host): Attempt {
    const attempt = this.madeUp(host)
    this.attempts.push(attempt)
    return attempt
  }

  private madeUp(host: Host): Attempt {
    const { chance } = this.world
    const n = this.next()
    const id = `w${n}`.padEnd(32, '-')
    const base = { id, host: host.i }
    const roll = chance.next()
    const unique = (agent: string, path: string, kind: 'unique' | 'compared' = 'unique'): Attempt =>
      ({ ...base, agent, kind, field: path.replace('/', '.'), request: setRequest(agent, path, id) })
    if (roll < 0.08) return unique(`tmp${n}`, `u${n}`)
    const agent = chance.pick(AGENTS)
    if (roll < 0.35) return unique(agent, `u${n}`)
    if (roll < 0.5) return unique(agent, `context/u${n}`)
    if (roll < 0.55) return unique(agent, `u${n}`, 'compared')
    if (roll < 0.62) return { ...base, agent, kind: 'sum', field: `/context/s${n}/n`, request: sumRequest(agent, `/context/s${n}/n`) }
    if (roll < 0.78) return { ...base, agent, kind: 'status', field: 'status', request: setRequest(agent, 'status', id) }
    // A list keeps 20 entries: another record before it is full.
    const counted = `rec${Math.floor(this.attempts.filter((other) => other.kind === 'count').length / 15)}`
    return { ...base, agent: counted, kind: 'count', field: '', request: countRequest(counted, id, this.world.now) }
  }
}

function setRequest(agent: string, path: string, value: string): WriteRequest {
  const edits: WriteRequest['edits'] = [{ do: 'set', path: `/${path}`, value: JSON.stringify(value) }]
  return { target: agentTarget(agent), kind: 'set', edits, by: 'sim' }
}

const sumRequest = (agent: string, path: string): WriteRequest =>
  ({ target: agentTarget(agent), kind: 'set', edits: [{ do: 'add', path, by: '5' }], by: 'sim' })

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
