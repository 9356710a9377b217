/** The whole context as one document, as `context.json` shows it, and back. */
import { type Entry, emptyEntry } from './entry.js'
import { formatPretty, leafOf, type Tree, type TreeMap } from './json.js'
import { agentOf, CONTEXT, TASK_LIST, taskOf, type Target } from './operation.js'
import { isWithin } from './pointer.js'

/** Members that are made from the records, and mean nothing where they stand in an edited file. */
export const DERIVED_MEMBERS: readonly string[] = ['agents', 'last_update', 'rev']

const USUAL_ORDER: readonly string[] = ['version', 'last_update', 'agents', 'current_work', 'paths', 'token_usage']

export interface DocumentFacts {
  rev: number
  /** When the last change was made, as text; undefined: what was adopted stays. */
  lastUpdate: string | undefined
  /** Order of the top-level members, as far as it is known. */
  order: readonly string[]
}

export function composeDocument(entries: ReadonlyMap<Target, Entry>, facts: DocumentFacts): TreeMap {
  const context = entries.get(CONTEXT) ?? emptyEntry()
  const members: TreeMap = new Map(context.tree)
  if (facts.lastUpdate !== undefined) members.set('last_update', leafOf(facts.lastUpdate))
  members.set('agents', composeAgents(entries))
  members.set('rev', String(facts.rev))
  return ordered(members, facts.order.length > 0 ? facts.order : USUAL_ORDER)
}

function composeAgents(entries: ReadonlyMap<Target, Entry>): TreeMap {
  const agents: TreeMap = new Map()
  const live = [...entries].filter(([target, entry]) => entry.live && agentOf(target) !== undefined)
  for (const [target, entry] of live.sort(([, a], [, b]) => a.born - b.born)) {
    agents.set(agentOf(target)!, composeRecord(entry))
  }
  return agents
}

const shownRecords = new WeakMap<TreeMap, { rev: number; record: TreeMap }>()

/**
 * A record as it is shown; one that was adopted and never changed has no `rev`. Not to be changed: as long as the record is
 * the same, so is the object, and whoever compares or formats documents need not look into it.
 */
export function composeRecord(entry: Entry): TreeMap {
  const known = shownRecords.get(entry.tree)
  if (known?.rev === entry.rev) return known.record
  const record = new Map(entry.tree)
  if (entry.rev > 0) record.set('rev', String(entry.rev))
  shownRecords.set(entry.tree, { rev: entry.rev, record })
  return record
}

const recordTexts = new WeakMap<TreeMap, string>()

/** The text of context.json: the document as `formatPretty` formats it. The texts of records are kept, and formatted once. */
export function formatDocument(document: TreeMap): string {
  const members = [...document].map(([name, value]) => {
    const text = name === 'agents' && typeof value === 'object' ? formatRecords(value) : formatPretty(value, '  ')
    return `  ${JSON.stringify(name)}: ${text}`
  })
  return members.length === 0 ? '{}\n' : `{\n${members.join(',\n')}\n}\n`
}

function formatRecords(records: TreeMap): string {
  if (records.size === 0) return '{}'
  const texts: string[] = []
  for (const [name, record] of records) texts.push(`    ${JSON.stringify(name)}: ${formatRecord(record)}`)
  return `{\n${texts.join(',\n')}\n  }`
}

function formatRecord(record: Tree): string {
  if (typeof record === 'string') return formatPretty(record, '    ')
  let text = recordTexts.get(record)
  if (text === undefined) recordTexts.set(record, (text = formatPretty(record, '    ')))
  return text
}

/** The work items in the order in which they came to be, and what belongs to their list; with the times of the last changes. */
export function composeTasks(entries: ReadonlyMap<Target, Entry>): {
  tasks: TreeMap
  list: TreeMap
  changedAt: { tasks: number; list: number }
} {
  const live: { id: string; entry: Entry }[] = []
  let changedAt = 0
  for (const [target, entry] of entries) {
    const id = taskOf(target)
    if (id === undefined) continue
    if (entry.live) live.push({ id, entry })
    changedAt = Math.max(changedAt, newest(entry))
  }
  const list = entries.get(TASK_LIST)
  return {
    tasks: new Map(live.sort((a, b) => a.entry.born - b.entry.born).map(({ id, entry }) => [id, composeRecord(entry)])),
    list: list?.live === true ? list.tree : new Map<string, Tree>(),
    changedAt: { tasks: changedAt, list: list === undefined ? 0 : newest(list) },
  }
}

/** Signs of life are no change of the item. */
const newest = (entry: Entry): number =>
  [...entry.stamps].reduce((t, [path, stamp]) => (isWithin(path, '/claim') ? t : Math.max(t, stamp.t)), 0)

/** Known members in their order, the others behind them, `rev` last unless it has a place. */
function ordered(members: TreeMap, order: readonly string[]): TreeMap {
  const result: TreeMap = new Map()
  const take = (name: string): void => {
    const value: Tree | undefined = members.get(name)
    if (value !== undefined) result.set(name, value)
  }
  for (const name of order) take(name)
  for (const name of members.keys()) if (!result.has(name) && name !== 'rev') take(name)
  take('rev')
  return result
}
