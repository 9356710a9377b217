/** `agents` and `heartbeat`: who is there, what it holds, and a sign of life. */
import { leafOf, type Tree, type TreeMap } from '../domain/json.js'
import type { Edit } from '../domain/operation.js'
import { type Presence, presenceOf } from '../domain/presence.js'
import { standingOf, type Task, textOf } from '../domain/task.js'
import { formatTime, timeIn } from '../domain/time.js'
import { conditionsIn, receiptOf, type Receipt, type WriteConditions } from './receipt.js'
import { timeLeaf } from './surroundings.js'
import { agentTargetOf } from './target.js'
import { loadTasks, type Machine, runningProcess, type TaskSurroundings } from './tasks/surroundings.js'

export interface AgentPresence {
  agent: string
  /** By what was seen of it. */
  status: Presence
  /** What its record says; null: it has none. */
  stored_status: string | null
  last_seen: string | null
  last_progress: string | null
  host: string | null
  pid: number | null
  /** null: nobody knows while Redis is away. */
  leases: string[] | null
  items: string[]
}

/** A lease that is held, as far as presence is concerned. */
export interface HeldLease {
  name: string
  agent: string
  /** The process of this machine that has it, where a process is the holder itself. */
  pid: number | null
}

/** Every agent with a record, an item or a lease, in the order of the records. */
export async function listAgents(surroundings: TaskSurroundings, leases: readonly HeldLease[] | null): Promise<AgentPresence[]> {
  const { tasks, now } = await loadTasks(surroundings)
  const agents = (await surroundings.memory.read())?.context.get('agents')
  const records = typeof agents === 'object' ? agents : new Map<string, Tree>()
  const held = heldItems(tasks, now)
  const names = new Set([...records.keys(), ...held.keys(), ...(leases ?? []).map(({ agent }) => agent)])
  return [...names].map((agent) => {
    const record = records.get(agent)
    const items = held.get(agent) ?? []
    const facts = { now, items, leases: leases?.filter((lease) => lease.agent === agent) ?? null }
    return presenceIn(agent, typeof record === 'object' ? record : undefined, facts, surroundings)
  })
}

function heldItems(tasks: ReadonlyMap<string, Task>, now: number): Map<string, Task[]> {
  const held = new Map<string, Task[]>()
  for (const task of tasks.values()) {
    const { owner, status } = standingOf(task, now)
    if (owner !== undefined && status !== 'complete') held.set(owner, [...(held.get(owner) ?? []), task])
  }
  return held
}

function presenceIn(
  agent: string,
  record: TreeMap | undefined,
  { now, items, leases }: { now: number; items: readonly Task[]; leases: HeldLease[] | null },
  { clock, machine }: TaskSurroundings,
): AgentPresence {
  const at = (name: string): number | undefined => timeOf(record?.get(name))
  const lastUpdate = at('last_update')
  const lastSeen = latest(at('last_seen'), lastUpdate, ...items.map(({ claim }) => timeIn(claim?.seen)))
  const lastProgress = latest(at('last_progress'), lastUpdate, ...items.map(({ claim }) => timeIn(claim?.since)))
  const presence = record?.get('presence')
  const process = typeof presence === 'object' ? presence : new Map<string, Tree>()
  const holding = leases?.find(({ pid }) => pid !== null)
  const stored = textOf(record?.get('status')) ?? null
  const write = (ms: number | undefined): string | null => (ms === undefined ? null : formatTime(ms, clock.offsetMinutes()))
  return {
    agent,
    status: presenceOf({ status: stored ?? '', lastSeen, lastProgress, isGone: isGone(process, machine) }, now),
    stored_status: stored,
    last_seen: write(lastSeen),
    last_progress: write(lastProgress),
    host: textOf(process.get('host')) ?? items[0]?.claim?.host ?? (holding === undefined ? null : machine.host),
    pid: Number(textOf(process.get('pid')) ?? NaN) || (items[0]?.claim?.process?.pid ?? holding?.pid ?? null),
    leases: leases?.map(({ name }) => name) ?? null,
    items: items.map(({ id }) => id),
  }
}

/** Only of this machine's processes can it be told. */
function isGone(process: TreeMap, machine: Machine): boolean {
  const pid = Number(textOf(process.get('pid')) ?? NaN)
  if (Number.isNaN(pid) || textOf(process.get('host')) !== machine.host) return false
  const identity = { pid, start: textOf(process.get('start')) ?? '', boot: textOf(process.get('boot')) ?? '' }
  return !machine.processes.isAlive(identity)
}

const timeOf = (value: Tree | undefined): number | undefined => timeIn(textOf(value))

function latest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

export interface HeartbeatRequest extends WriteConditions {
  agent: string
  /** Of this machine: the agent is offline when it is gone. */
  pid?: number
  /** It has done something, too. */
  progress?: boolean
}

/** A sign of life: `last_seen`, and where it came from. The status stays. Throws MemoryError as `receiptOf` does. */
export async function heartbeat(surroundings: TaskSurroundings, request: HeartbeatRequest): Promise<Receipt> {
  const { memory, machine, by } = surroundings
  const { agent, pid, progress = false } = request
  const process = pid === undefined ? undefined : runningProcess(machine, pid, 'nothing was written')
  const now = timeLeaf(surroundings)
  const set = (path: string, value: string): Edit => ({ do: 'set', path, value })
  const edits: Edit[] = [
    { do: 'default', path: '/status', value: leafOf('active') },
    set('/last_seen', now),
    ...(progress ? [set('/last_progress', now)] : []),
    set('/presence/host', leafOf(machine.host)),
    ...(process === undefined
      ? []
      : [
          set('/presence/pid', String(process.pid)),
          set('/presence/start', leafOf(process.start)),
          set('/presence/boot', leafOf(process.boot)),
        ]),
  ]
  const target = await agentTargetOf(memory, agent)
  const payload = JSON.stringify(['heartbeat', agent, pid ?? null, progress])
  return receiptOf(await memory.write({ target, kind: 'update', edits, by, payload, ...conditionsIn(request) }), agent, request)
}
