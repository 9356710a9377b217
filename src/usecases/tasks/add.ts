/** New work items: one by one, or from a document of the older tracker. */
import type { TaskSnapshot, WriteRequest } from '../../core/memory.js'
import { leafOf, type TreeMap } from '../../domain/json.js'
import { isLegalName } from '../../domain/name.js'
import { type Edit, TASK_LIST, taskTarget } from '../../domain/operation.js'
import { formatPointer } from '../../domain/pointer.js'
import { shownTask, taskOfRecord } from '../../domain/task.js'
import { readTracking } from '../../domain/tracking.js'
import { type ItemEdit, type Present, trackingEdit } from '../../domain/tracking-edit.js'
import { applyEdits } from '../../domain/tree.js'
import { MemoryError, messageOf } from '../../errors/errors.js'
import { editsOfAssignment } from '../assignment.js'
import { refuseTooLarge } from '../limits.js'
import { conditionsIn, receiptOf, type Receipt, type WriteConditions } from '../receipt.js'
import { refuseCircles } from './circles.js'
import { loadTasks, type TaskSurroundings, writeTask } from './surroundings.js'
import { type Writable, writableOf } from './writable.js'

export interface NewTask extends Omit<WriteConditions, 'ifRev'> {
  id: string
  title: string
  dependsOn?: readonly string[]
  /** `KEY=VALUE`. */
  fields?: readonly string[]
}

export type TaskReceipt = Omit<Receipt, 'agent'> & { id: string; source: TaskSnapshot['source'] }

/** Throws MemoryError: `usage` for a bad name, `conflict` where there is such an item, else what `receiptOf` says. */
export async function addTask(surroundings: TaskSurroundings, task: NewTask): Promise<TaskReceipt> {
  const { id, title, dependsOn = [], fields = [] } = task
  for (const name of [id, ...dependsOn]) refuseIllegal(name)
  refuseTooLarge('the title', leafOf(title))
  const others = fields.flatMap((field) => editsOfAssignment(field, '', { hasPatch: false }))
  for (const { path } of others) refuseOwnMember(path)
  const needed = [...dependsOn, ...neededBy(id, others)]
  if (needed.includes(id)) throw new MemoryError('usage', `${id} cannot depend on itself: nothing was written`)
  const edits: Edit[] = [
    set('/title', title),
    set('/status', 'new'),
    ...['validated_at', 'started_at', 'completed_at', 'github_commit'].map((name): Edit => ({ do: 'set', path: `/${name}`, value: 'null' })),
    ...(dependsOn.length === 0 ? [] : [{ do: 'set' as const, path: '/depends_on', value: JSON.stringify(dependsOn) }]),
    ...others,
  ]
  if (needed.length > 0) await refuseCircle(surroundings, { id, edits, is: 'new' })
  const payload = JSON.stringify(['add', id, title, dependsOn, fields])
  const outcome = await writeTask(surroundings.memory, { ...conditionsIn(task), ...creation(surroundings, id, edits), payload })
  if (!outcome.ok && outcome.reason === 'conflict') throw await isThere(surroundings, id)
  const { agent: _agent, ...receipt } = receiptOf(outcome, id, task)
  return { ...receipt, id, source: (await surroundings.memory.readTasks()).source }
}

const set = (path: string, text: string): Edit => ({ do: 'set', path, value: leafOf(text) })

/** Only where there is no such item. */
const creation = ({ by }: TaskSurroundings, id: string, edits: Edit[]): WriteRequest => ({
  ...{ target: taskTarget(id), kind: 'set', edits, by },
  ifRev: 0,
})

/** With the item as `task show` has it. */
async function isThere(surroundings: TaskSurroundings, id: string): Promise<MemoryError> {
  const { tasks, now } = await loadTasks(surroundings)
  const task = tasks.get(id)
  return new MemoryError('conflict', `there is an item ${id} already: nothing was written`, {
    suggestions: [`memory_sync task show ${id} shows it`],
    details: { rev: task?.rev ?? 0, current: task === undefined ? null : shownTask(task, now) },
  })
}

function refuseIllegal(name: string): void {
  if (isLegalName(name)) return
  throw new MemoryError('usage', `${JSON.stringify(name.slice(0, 80))} is no name for an item`, {
    suggestions: ['a name has 1 to 64 of ASCII letters, digits, ".", "_", "-" and ":", and is no reserved word such as ".." or "current_work"'],
  })
}

/** What fields say that it depends on. */
function neededBy(id: string, fields: readonly Edit[]): string[] {
  const record: TreeMap = new Map()
  applyEdits(record, fields.flatMap((edit) => (edit.do === 'set' ? [{ path: edit.path, value: edit.value }] : [])))
  return taskOfRecord(id, record).dependsOn
}

/** What waits for an item that was not there closes a circle when that item comes. One that is there already is refused, or replayed, by the write. */
async function refuseCircle(surroundings: TaskSurroundings, item: ItemEdit): Promise<void> {
  const loaded = await loadTasks(surroundings)
  if (!loaded.tasks.has(item.id)) await refuseCircles([item], loaded, surroundings.memory)
}

function refuseOwnMember(path: string): void {
  const own = Object.keys(WAYS_OUT).find((name) => path === `/${name}` || path.startsWith(`/${name}/`))
  if (own === undefined) return
  throw new MemoryError('usage', `${JSON.stringify(own)} is set by memory_sync itself: nothing was written`, {
    suggestions: [WAYS_OUT[own]!],
  })
}

/** Of each member that is not for fields to set. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  id: 'the first argument is the id',
  claim: 'task claim takes an item',
  owner: 'task claim takes an item',
  rev: 'leave it out: each write of the item gives it its revision',
  status: 'a new item is "new": task validate, start and complete lead on; task import takes items of any status',
}

export interface Imported {
  ok: true
  total: number
  added: number
  changed: number
  /** As they were. */
  unchanged: number
  /** `<id>/<member>` of the document that only memory_sync itself sets. */
  left_out: string[]
  pending: number
  durability: 'redis' | 'file'
  /** Of at least one of them. */
  journal?: false
  source: TaskSnapshot['source']
}

/**
 * Takes items and fields that are missing here; `overwrite`: also what differs. Nothing is deleted; repeated, it goes on. Throws MemoryError
 * `usage`, before anything is written, for a document that cannot be taken as a whole.
 */
export async function importTasks(surroundings: TaskSurroundings, document: TreeMap, overwrite: boolean): Promise<Imported> {
  const tracking = readTracking(document)
  if (typeof tracking === 'string') throw new MemoryError('usage', `this is no tracking file: ${tracking}`)
  if (tracking.problems.length > 0) {
    throw new MemoryError('usage', `this cannot be imported: ${tracking.problems.join('; ')}. Nothing was written`)
  }
  const loaded = await loadTasks(surroundings)
  const { tasks, snapshot, now } = loaded
  const present: Present = { tasks, list: snapshot.list, now }
  const edit = writableOf(trackingEdit(undefined, tracking, present, overwrite))
  refuseUnwritable(edit)
  await refuseCircles(edit.items, loaded, surroundings.memory)
  const done: Receipt[] = []
  for (const [written, item] of edit.items.entries()) {
    done.push(await writeItem(surroundings, item, tasks.get(item.id)?.rev ?? 0).catch(saysHowFar(written, edit.items.length)))
  }
  if (edit.list.length > 0) done.push(await writeList(surroundings, edit.list).catch(saysHowFar(edit.items.length, edit.items.length)))
  const added = edit.items.filter(({ is }) => is === 'new').length
  const changed = edit.items.length - added
  const total = tracking.items.size
  const { pending, durability } = done.at(-1) ?? snapshot
  const isInJournal = done.every(({ journal }) => journal !== false)
  const counts = { total, added, changed, unchanged: total - added - changed, left_out: tracking.leftOut }
  return { ok: true, ...counts, pending, durability, ...(!isInJournal && { journal: false }), source: snapshot.source }
}

function refuseUnwritable({ refusals }: Writable): void {
  const [first] = refusals
  if (first === undefined) return
  const { suggestions, details } = first
  throw new MemoryError('usage', `this cannot be imported: ${refusals.map(messageOf).join('; ')}. Nothing was written`, { suggestions, details })
}

/** Each item is a write of its own: what came before the one that failed stands. */
const saysHowFar =
  (written: number, of: number) =>
  (error: unknown): never => {
    if (!(error instanceof MemoryError) || written === 0) throw error
    throw new MemoryError(error.code, `${written} of ${of} items were written, and then one was refused: ${error.message}`, {
      suggestions: ['repeat the import: it goes on where it ended'],
      retryable: true,
      details: { ...error.details, written, of },
      cause: error,
    })
  }

/** Of what can be kept, as `writableOf` says. Throws MemoryError `conflict` where somebody came between. */
export async function writeItem({ memory, by }: TaskSurroundings, { id, edits, is }: ItemEdit, rev: number): Promise<Receipt> {
  const kind = is === 'deleted' ? 'delete' : 'set'
  return receiptOf(await writeTask(memory, { target: taskTarget(id), kind, edits, by, ifRev: rev }), id)
}

export async function writeList({ memory, by }: TaskSurroundings, edits: Edit[]): Promise<Receipt> {
  return receiptOf(await memory.write({ target: TASK_LIST, kind: 'set', edits, by }), formatPointer(['tasks']))
}
