/** What was acknowledged is there: once, not beaten by what was older; what was deleted stays away. */
import { listAt } from '../../src/domain/entry.js'
import { formatLine, stringOf, type Tree, type TreeMap } from '../../src/domain/json.js'
import { valueAt } from '../../src/domain/tree.js'
import type { Others } from './others.js'
import { type Ack, AGENTS, type Workload } from './workload.js'
import type { World } from './world.js'

export function checkWrites(world: World, workload: Workload, others: Others, agents: TreeMap): string[] {
  return [
    ...workload.acks.flatMap((ack) => (others.deletes.includes(ack.attempt.agent) ? [] : lost(agents, ack))),
    ...[...agents.keys()].flatMap((agent) => (agent.startsWith('rec') ? counted(agents, agent) : [])),
    ...AGENTS.flatMap((agent) => status(world, workload.acks, agent, stringAt(agents, agent, 'status'))),
    ...comparedOnce(world, workload),
    ...workload.acks.flatMap((ack) => sums(agents, ack, workload)),
    ...others.edits.flatMap(({ agent, field, value }) =>
      stringAt(agents, agent, field) === value ? [] : [`LOST hand edit ${agent}.${field}`],
    ),
    ...others.deletes.flatMap((agent) => (agents.has(agent) ? [`RESURRECTED ${agent}`] : [])),
    ...others.legacy.flatMap(({ agent, field, value, state }) =>
      state === 'lost' || stringAt(agents, agent, field) === value ? [] : [`LOST legacy field ${agent}.${field} (${state})`],
    ),
  ]
}

function lost(agents: TreeMap, { attempt, durability }: Ack): string[] {
  const { kind, agent, field, id } = attempt
  if (kind === 'status' || kind === 'sum' || kind === 'end') return []
  const isThere = kind === 'count' ? countedIds(agents, agent).includes(id) : stringAt(agents, agent, field) === id
  return isThere ? [] : [`LOST acknowledged (${durability}) ${kind} ${agent}.${field} ${id}`]
}

function counted(agents: TreeMap, agent: string): string[] {
  const record = agents.get(agent)
  if (typeof record !== 'object') return []
  const ids = countedIds(agents, agent)
  const total = valueAt(record, '/context/totals/count')
  return [
    ...(total === String(ids.length) ? [] : [`TWICE or lost: ${agent} counts ${String(total)}, lists ${ids.length}`]),
    ...(new Set(ids).size === ids.length ? [] : [`TWICE: ${agent} lists an id twice`]),
  ]
}

/**
 * Of one host, what began after another was acknowledged is never beaten by it, whatever the clocks do. Between hosts this
 * holds as far as their clocks can be told apart: Redis' clock is what they agree on, and each may have jumped since it was asked.
 */
function status(world: World, all: readonly Ack[], agent: string, final: string | undefined): string[] {
  const acks = all.filter((ack) => ack.attempt.kind === 'status' && ack.attempt.agent === agent)
  if (acks.length > 0 && final === undefined) return [`LOST status of ${agent}`]
  return acks
    .filter((ack) => ack.attempt.id === final)
    .flatMap((winner) => {
      const beaten = acks.filter((ack) => ack.attempt.id !== final && isLater(world, all, ack, winner))
      return beaten.map((ack) => `STALE WINS: ${winner.attempt.id} over ${ack.attempt.id} (${agent})`)
    })
}

function isLater(world: World, all: readonly Ack[], ack: Ack, than: Ack): boolean {
  const [own, other] = [ack.attempt.host, than.attempt.host]
  if (own === other) return ack.after > all.indexOf(than)
  return ack.began > than.at + rangeOfClock(world, own) + rangeOfClock(world, other)
}

function rangeOfClock({ hosts }: World, host: number): number {
  const [lowest, highest] = hosts[host]!.skews
  return highest - lowest
}

/** A number that was added to once, as it is until somebody tries to put something else there; then that, once it was acknowledged. */
function sums(agents: TreeMap, { attempt }: Ack, { tried }: Workload): string[] {
  const { kind, agent, field, request } = attempt
  const record = agents.get(agent)
  if (typeof record !== 'object' || (kind === 'sum' && tried.has(field)) || (kind !== 'sum' && kind !== 'end')) return []
  const { path, value } = kind === 'sum' ? { path: field, value: '5' } : { value: undefined, ...request.edits[0]! }
  const [stands, number] = [valueAt(record, path), valueAt(record, field)]
  const isRight = stands === value && (kind === 'sum' || typeof number !== 'string')
  return isRight ? [] : [`SUM of ${agent}${field} is ${text(number)}; ${path} ought to be ${value} and is ${text(stands)}`]
}

const text = (tree: Tree | undefined): string => (tree === undefined ? 'nothing' : formatLine(tree))

/** Of two writers that ask for the same revision of a record only one is told that it won. */
function comparedOnce(world: World, { acks, asked }: Workload): string[] {
  // Of the first commit: a write that was won and then lost with its data is brought back, whoever won in the data after it.
  const epochs = new Map([...world.commits].reverse().map(({ id, epoch }) => [id, epoch]))
  const winners = new Map<string, string>()
  return acks.flatMap(({ attempt: { id, agent, kind } }) => {
    const revs = [...(asked.get(id) ?? [])]
    if (kind !== 'compared' || revs.length !== 1) return [] // tried with several: which one won is not known
    const key = `${agent} ${revs[0]} ${epochs.get(id) ?? 'files'}`
    const winner = winners.get(key) ?? id
    winners.set(key, winner)
    return winner === id ? [] : [`BOTH WON: ${winner} and ${id} with --if-rev ${revs[0]} of ${agent}`]
  })
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
