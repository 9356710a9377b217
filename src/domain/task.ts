/** A work item as its record says it, and as it is at a given moment: a claim that has run out is none. Pure. */
import { itemsOf } from './entry.js'
import { cloneMap, kindOf, leafOf, stringOf, type Tree, type TreeMap } from './json.js'
import { timeIn } from './time.js'

/** The states in their order. A status that is none of them is kept and shown, and no step leads out of it. */
export const STATES = ['new', 'validated', 'in_progress', 'complete'] as const
export type State = (typeof STATES)[number]

/** Members of the record that are ours: they are neither in the YAML form nor taken from it. */
export const OWN_MEMBERS: readonly string[] = ['claim', 'rev']

/** No claim lasts longer without a sign of life, and no guard takes longer. */
export const LONGEST_CLAIM_MS = 7 * 24 * 3_600_000

/** A time-limited right to an item. */
export interface Claim {
  agent: string
  /** Digest of what the claimer was told, and nobody else. */
  token: string | undefined
  /** As it is written. */
  since: string | undefined
  /** Last sign of life, as it is written. */
  seen: string | undefined
  /** ms, by the clock that decides; 0 where it cannot be read. */
  until: number
  ttlMs: number
  host: string | undefined
  /** The claim ends when this process of that host does. */
  process: { pid: number; start: string; boot: string } | undefined
}

export interface Task {
  id: string
  /** Of the record: the compare-and-set of every step. */
  rev: number
  record: TreeMap
  title: string
  /** As stored. */
  status: string
  deprecated: boolean
  dependsOn: string[]
  claim: Claim | undefined
  /** As stored; without a claim, somebody wrote it there. */
  owner: string | undefined
}

export function taskOfRecord(id: string, record: TreeMap): Task {
  const deprecated = record.get('deprecated')
  return {
    id,
    rev: numberOf(record.get('rev')),
    record,
    title: textOf(record.get('title')) ?? id,
    status: filled(record.get('status')) ?? 'new',
    deprecated: deprecated === 'true' || stringOf(deprecated)?.toLowerCase() === 'true',
    dependsOn: [...listOf(record.get('depends_on')), ...listOf(record.get('dependencies'))],
    claim: claimOf(record.get('claim')),
    owner: filled(record.get('owner')),
  }
}

export const tasksOfRecords = (records: TreeMap): Map<string, Task> =>
  new Map([...records].flatMap(([id, record]) => (typeof record === 'string' ? [] : [[id, taskOfRecord(id, record)]])))

/** What holds at a moment. */
export interface Standing {
  status: string
  /** Who has the item: by a claim that has not run out, or because somebody wrote it there. */
  owner: string | undefined
  claim: Claim | undefined
  /** Who had it until the claim ran out. */
  lapsed: Claim | undefined
}

/** `now`: of the clock that decides, ms. */
export function standingOf(task: Task, now: number): Standing {
  const { claim, status, owner } = task
  if (claim === undefined) return { status, owner, claim, lapsed: undefined }
  if (claim.until > now) return { status, owner: claim.agent, claim, lapsed: undefined }
  return { status: returnedStatus(task), owner: undefined, claim: undefined, lapsed: claim }
}

/** Where an item goes that is given back, or whose claim ran out; a deprecated one stays where it is. */
export function returnedStatus({ status, deprecated, record }: Pick<Task, 'status' | 'deprecated' | 'record'>): string {
  if (status !== 'in_progress' || deprecated) return status
  return isBlank(record.get('validated_at')) ? 'new' : 'validated'
}

/** As it is told: `{id, title, status, owner, ...}`, the token of the claim left out. */
export function shownTask(task: Task, now: number): TreeMap {
  const { status, owner, claim, lapsed } = standingOf(task, now)
  const shown: TreeMap = new Map<string, Tree>([
    ['id', leafOf(task.id)],
    ['title', leafOf(task.title)],
    ['status', leafOf(status)],
    ['owner', owner === undefined ? 'null' : leafOf(owner)],
  ])
  for (const [name, value] of task.record) if (!shown.has(name) && !OWN_MEMBERS.includes(name)) shown.set(name, value)
  if (status !== task.status && shown.has('started_at')) shown.set('started_at', 'null')
  if (claim !== undefined) shown.set('claim', shownClaim(task.record))
  if (lapsed !== undefined) shown.set('lapsed', shownClaim(task.record))
  shown.set('rev', String(task.rev))
  return shown
}

function shownClaim(record: TreeMap): Tree {
  const claim = record.get('claim')
  if (typeof claim !== 'object') return 'null'
  const shown = cloneMap(claim)
  shown.delete('token')
  return shown
}

/** Dependencies that are not complete; `status` undefined: there is no such item. */
export function blockersOf(task: Task, all: ReadonlyMap<string, Task>): { id: string; status: string | undefined }[] {
  return task.dependsOn.flatMap((id) => {
    const status = all.get(id)?.status
    return status === 'complete' ? [] : [{ id, status }]
  })
}

/** Could be taken by somebody now. */
export function isFree(task: Task, all: ReadonlyMap<string, Task>, now: number): boolean {
  const { status, owner } = standingOf(task, now)
  const isOpen = status === 'new' || status === 'validated' || status === 'in_progress'
  return isOpen && owner === undefined && !task.deprecated && blockersOf(task, all).length === 0
}

const READINESS: readonly string[] = ['validated', 'in_progress', 'new']

/** Free items, the one to take first first: ready before not validated, then by priority, then by age. */
export function nextTasks(all: ReadonlyMap<string, Task>, now: number): Task[] {
  const byPriority = priorityOrder()
  const rank = (task: Task): Rank => ({ task, readiness: READINESS.indexOf(standingOf(task, now).status), priority: priorityOf(task) })
  const free = [...all.values()].filter((task) => isFree(task, all, now)).map(rank)
  return free.sort((a, b) => a.readiness - b.readiness || byPriority(a.priority, b.priority)).map(({ task }) => task)
}

interface Rank {
  task: Task
  readiness: number
  priority: string | undefined
}

export const priorityOf = ({ record }: Pick<Task, 'record'>): string | undefined =>
  filled(record.get('corrected_priority')) ?? filled(record.get('priority'))

/** `P2` before `P10`; what has none comes last. */
export function priorityOrder(): (a: string | undefined, b: string | undefined) => number {
  const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
  return (a, b) => (a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : compare(a, b))
}

function claimOf(value: Tree | undefined): Claim | undefined {
  if (typeof value !== 'object') return undefined
  const field = (name: string): string | undefined => textOf(value.get(name))
  const pid = numberOf(value.get('pid'))
  return {
    agent: field('agent') ?? '',
    token: field('token'),
    since: field('since'),
    seen: field('seen'),
    until: timeIn(field('until')) ?? 0,
    ttlMs: numberOf(value.get('ttl_ms')),
    host: field('host'),
    process: pid === 0 ? undefined : { pid, start: field('process_start') ?? '', boot: field('boot') ?? '' },
  }
}

/** A scalar as text; undefined for nothing, null, and what is no scalar. */
export function textOf(value: Tree | undefined): string | undefined {
  const kind = kindOf(value)
  if (typeof value !== 'string' || kind === 'null' || kind === 'array') return undefined
  return stringOf(value) ?? value
}

/** The same of what has a letter in it, or anything else that is seen. */
function filled(value: Tree | undefined): string | undefined {
  const text = textOf(value)
  return text === undefined || text.trim() === '' ? undefined : text
}

const isBlank = (value: Tree | undefined): boolean => filled(value) === undefined

const numberOf = (value: Tree | undefined): number => (typeof value === 'string' && Number(value)) || 0

/** Of a list, or of a text with commas. */
function listOf(value: Tree | undefined): string[] {
  if (typeof value !== 'string') return []
  const names = kindOf(value) === 'array' ? itemsOf(value).map((item) => stringOf(item) ?? item) : (textOf(value) ?? '').split(',')
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'null')
}
