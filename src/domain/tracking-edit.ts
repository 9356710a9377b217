/** What a document of work items that came in asks for: compared with the version that it was made from, and with what stands. */
import { equalTrees, kindOf, leafOf, type Tree, type TreeMap } from './json.js'
import type { Edit } from './operation.js'
import type { Pointer } from './pointer.js'
import { standingOf, type Task } from './task.js'
import { trackedItem, type Tracking } from './tracking.js'
import { diffTrees, leavesOf, type LeafEdit, valueAt } from './tree.js'

export interface ItemEdit {
  id: string
  edits: Edit[]
  /** The item is new, or goes as a whole. */
  is: 'new' | 'changed' | 'deleted'
}

/** What stands here. */
export interface Present {
  tasks: ReadonlyMap<string, Task>
  list: TreeMap
  now: number
}

export interface TrackingEdit {
  items: ItemEdit[]
  list: Edit[]
  /** Where something else stands by now: it stays. For people. */
  kept: string[]
}

/**
 * Without a base, only what is missing here is taken, and nothing is deleted (`overwrite`: what differs as well). With one, what
 * was changed against it; where that was changed here too, what stands here stays.
 */
export function trackingEdit(
  base: Tracking | undefined,
  edited: Tracking,
  current: Present,
  overwrite = false,
): TrackingEdit {
  const result: TrackingEdit = { items: [], list: [], kept: [] }
  for (const [id, item] of edited.items) {
    const task = current.tasks.get(id)
    const was = base?.items.get(id)
    if (task === undefined && was !== undefined) {
      if (!equalTrees(was, item)) result.kept.push(`${id}: it was deleted meanwhile`)
      continue
    }
    const { edits, kept } = merged(was, item, othersOf(task, current.now), { hasBase: base !== undefined, overwrite })
    result.kept.push(...kept.map((path) => `${id}${path}: it was changed meanwhile`))
    if (task === undefined) result.items.push({ id, edits: withDefaults(id, edits), is: 'new' })
    else if (edits.length > 0) result.items.push({ id, edits: withClaim(edits, task, current.now), is: 'changed' })
  }
  for (const [id, was] of base?.items ?? []) {
    const task = current.tasks.get(id)
    if (edited.items.has(id) || task === undefined) continue
    if (equalTrees(was, othersOf(task, current.now))) result.items.push({ id, edits: [{ do: 'delete', path: '' }], is: 'deleted' })
    else result.kept.push(`${id}: it was changed meanwhile, and is not deleted`)
  }
  const list = merged(base?.list, edited.list, current.list, { hasBase: base !== undefined, overwrite })
  result.kept.push(...list.kept.map((path) => `${path}: it was changed meanwhile`))
  return { ...result, list: list.edits }
}

function merged(
  base: TreeMap | undefined,
  edited: TreeMap,
  current: TreeMap,
  { hasBase, overwrite }: { hasBase: boolean; overwrite: boolean },
): { edits: Edit[]; kept: Pointer[] } {
  if (!hasBase) {
    const missing = leavesOf(edited).filter(({ path, value }) => path !== '' && mayTake(valueAt(current, path), value, overwrite))
    return { edits: missing.map(asEdit), kept: [] }
  }
  const was = base ?? new Map<string, Tree>()
  const edits: Edit[] = []
  const kept: Pointer[] = []
  for (const leaf of diffTrees(was, edited)) {
    const now = textAt(current, leaf.path)
    if (now === leaf.value) continue
    if (now === textAt(was, leaf.path)) edits.push(asEdit(leaf))
    else kept.push(leaf.path)
  }
  return { edits, kept }
}

/** Nothing stands there; or something else does, and may be overwritten. */
function mayTake(present: Tree | undefined, value: string | null, overwrite: boolean): boolean {
  if (present === undefined) return true
  return overwrite && (typeof present === 'object' ? value !== '{}' : present !== value)
}

const asEdit = ({ path, value }: LeafEdit): Edit => (value === null ? { do: 'delete', path } : { do: 'set', path, value })

/** What stands there as one text, so that two of them can be compared; null: nothing. */
function textAt(tree: TreeMap, path: Pointer): string | null {
  const value = valueAt(tree, path)
  if (value === undefined) return null
  return kindOf(value) === 'object' ? JSON.stringify(leavesOf(value)) : (value as string)
}

/** An item without title or status is one all the same. */
function withDefaults(id: string, edits: Edit[]): Edit[] {
  const missing = (path: string, text: string): Edit[] =>
    edits.some((edit) => edit.path === path) ? [] : [{ do: 'set', path, value: leafOf(text) }]
  return [...missing('/title', id), ...missing('/status', 'new'), ...edits]
}

/** Who writes another status or owner there takes the item out of the hands of whoever has it. */
function withClaim(edits: Edit[], task: Task | undefined, now: number): Edit[] {
  const sets = (path: string): boolean => edits.some((edit) => edit.path === path)
  if (task?.claim === undefined || !(sets('/status') || sets('/owner'))) return edits
  const isLapsed = standingOf(task, now).lapsed !== undefined
  const owner: Edit[] = isLapsed && !sets('/owner') ? [{ do: 'delete', path: '/owner' }] : []
  return [...edits, ...owner, { do: 'delete', path: '/claim' }]
}

const othersOf = (task: Task | undefined, now: number): TreeMap =>
  task === undefined ? new Map<string, Tree>() : trackedItem(task, now)
