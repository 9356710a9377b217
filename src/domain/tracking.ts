/**
 * Work items in the form of the older tracker: `{metadata, prp_tracking: {<id>: {title, status, ...}}, stats}`. From the records
 * to that document, and the parts of a document that came in.
 */
import { cloneMap, leafOf, type Tree, type TreeMap } from './json.js'
import { isLegalName } from './name.js'
import { OWN_MEMBERS, priorityOf, priorityOrder, standingOf, STATES, type Task } from './task.js'

export const ITEMS = 'prp_tracking'
/** In `metadata`: of which revision the text is, so that an edit is compared with the version that it was made from. */
export const MARK = 'memory_sync_rev'

export interface TrackingFacts {
  tasks: ReadonlyMap<string, Task>
  list: TreeMap
  /** The items were changed after the list: what is counted, and when the last change was, is made anew. */
  changedSince: boolean
  /** Of the last change of an item, as it is written. */
  lastChange: string
  now: number
}

/** `mark`: the revision that the text gets; without it, none. */
export function trackingOf(facts: TrackingFacts, mark?: number): TreeMap {
  const { tasks, list, changedSince, now } = facts
  const document: TreeMap = new Map()
  const metadata = mapAt(list, 'metadata')
  if (changedSince) metadata.set('last_updated', leafOf(facts.lastChange))
  if (mark !== undefined) metadata.set(MARK, String(mark))
  if (metadata.size > 0) document.set('metadata', metadata)
  document.set(ITEMS, new Map([...tasks.values()].map((task) => [task.id, trackedItem(task, now)])))
  for (const [name, value] of list) if (!document.has(name)) document.set(name, value)
  if (changedSince || !list.has('stats')) document.set('stats', statsOf(tasks, mapAt(list, 'stats'), now))
  return document
}

const mapAt = (map: TreeMap, name: string): TreeMap => {
  const value = map.get(name)
  return typeof value === 'object' ? cloneMap(value) : new Map<string, Tree>()
}

/** The record as others know it. */
export function trackedItem(task: Task, now: number): TreeMap {
  const item = cloneMap(task.record)
  for (const name of OWN_MEMBERS) item.delete(name)
  const { status, lapsed } = standingOf(task, now)
  if (status !== task.status) {
    item.set('status', leafOf(status))
    if (item.has('started_at')) item.set('started_at', 'null')
  }
  if (lapsed !== undefined) item.delete('owner')
  return item
}

/** What can be counted; other members of `known` stay as they are. Deprecated items count as total only. */
function statsOf(tasks: ReadonlyMap<string, Task>, known: TreeMap, now: number): TreeMap {
  const active = [...tasks.values()].filter((task) => !task.deprecated)
  const statuses = active.map((task) => standingOf(task, now).status)
  const complete = statuses.filter((status) => status === 'complete').length
  const counted: [string, Tree][] = [
    ['total_prps', String(tasks.size)],
    ['active_prps', String(active.length)],
    ['deprecated_prps', String(tasks.size - active.length)],
    ['status_distribution', countsOf(statuses, [...STATES].reverse())],
    ['completion_rate', active.length === 0 ? '0' : String(Math.round((complete / active.length) * 1000) / 1000)],
  ]
  const priorities = active.flatMap((task) => priorityOf(task) ?? [])
  if (known.has('priority_distribution')) counted.push(['priority_distribution', countsOf(priorities, [...new Set(priorities)].sort(priorityOrder()))])
  for (const [name, value] of counted) known.set(name, value)
  return known
}

function countsOf(values: readonly string[], order: readonly string[]): TreeMap {
  const names = [...new Set([...order, ...values])]
  return new Map(names.map((name) => [name, String(values.filter((value) => value === name).length)]))
}

/** A document that came in. */
export interface Tracking {
  items: Map<string, TreeMap>
  /** The members beside the items, the mark taken out. */
  list: TreeMap
  mark: number | undefined
  /** What cannot be taken, for people. */
  problems: string[]
  /** `<id>/<member>`: what only we set, taken out of the items. */
  leftOut: string[]
}

/** Or why the document is none. */
export function readTracking(document: TreeMap): Tracking | string {
  const found = document.get(ITEMS)
  if (found !== undefined && typeof found === 'string') return `its member ${ITEMS} is not a mapping`
  const tracking: Tracking = { items: new Map(), list: new Map(), mark: undefined, problems: [], leftOut: [] }
  for (const [id, item] of found ?? []) takeItem(tracking, id, item)
  for (const [name, value] of document) if (name !== ITEMS) tracking.list.set(name, typeof value === 'string' ? value : cloneMap(value))
  const metadata = tracking.list.get('metadata')
  if (typeof metadata === 'object') {
    const mark = metadata.get(MARK)
    if (typeof mark === 'string' && /^\d{1,15}$/.test(mark)) tracking.mark = Number(mark)
    metadata.delete(MARK)
    if (metadata.size === 0) tracking.list.delete('metadata')
  }
  return tracking
}

function takeItem({ items, problems, leftOut }: Tracking, id: string, item: Tree): void {
  if (!isLegalName(id)) problems.push(`${JSON.stringify(id.slice(0, 80))} is no name for an item`)
  else if (typeof item === 'string') problems.push(`${id} is no mapping`)
  else {
    const own = cloneMap(item)
    for (const name of OWN_MEMBERS) if (own.delete(name)) leftOut.push(`${id}/${name}`)
    items.set(id, own)
  }
}
