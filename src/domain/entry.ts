/** A record with what is known about it: when each leaf got its value, and what each root has added to it. */
import type { TreeMap } from './json.js'
import { sameStamp } from './lineage.js'
import type { Change, ChangedLeaf, Draft, Stamp } from './operation.js'
import { deleteWithin } from './path-index.js'
import { overlaps, type Pointer } from './pointer.js'
import { Stamping } from './stamping.js'
import { applyEdits, leavesOf, TreeCopy, valueAt } from './tree.js'

/**
 * How often a root has ever added to a leaf, and the sum of it: what a lineage lacks is the difference. It goes on where the leaf is set or
 * deleted, so that whoever comes later knows what that has replaced.
 */
export interface Count {
  n: number
  sum: string
}

export interface Entry {
  /** Never changed in place: a change puts another tree here, which shares with this one what did not change. */
  tree: TreeMap
  /** Of live and deleted leaves; the stamp at the empty pointer says when the record was last deleted. */
  stamps: Map<Pointer, Stamp>
  counts: Map<Pointer, Map<string, Count>>
  /** Of its last change; 0 for a record that was adopted and never changed. */
  rev: number
  /** The revision with which it came to be: records are listed in this order. */
  born: number
  /** False: deleted on purpose, and remembered as that. */
  live: boolean
}

export const emptyEntry = (): Entry => ({
  tree: new Map(),
  stamps: new Map(),
  counts: new Map(),
  rev: 0,
  born: 0,
  live: false,
})

export function cloneEntry(entry: Entry): Entry {
  return {
    ...entry,
    stamps: new Map(entry.stamps),
    counts: new Map([...entry.counts].map(([path, byRoot]) => [path, new Map(byRoot)])),
  }
}

/** A record that knows of these pointers, of what is below them and of what is above, what this one does. */
export function partOf(entry: Entry, paths: readonly Pointer[]): Entry {
  const isPart = ([path]: [Pointer, unknown]): boolean => paths.some((wanted) => overlaps(path, wanted))
  const tree: TreeMap = new Map()
  for (const path of paths) {
    const value = path === '' ? entry.tree : valueAt(entry.tree, path)
    if (value !== undefined) applyEdits(tree, leavesOf(value, path))
  }
  return { ...entry, tree, stamps: new Map([...entry.stamps].filter(isPart)), counts: new Map([...entry.counts].filter(isPart)) }
}

/** A change that lost on every leaf is history only: it leaves the record, and its revision, alone. */
export const touchesRecord = (draft: Draft): boolean => draft.leaves.length > 0 || (draft.inserts?.length ?? 0) > 0

export const deletesRecord = (draft: Draft): boolean =>
  draft.leaves.some((leaf) => leaf.path === '' && leaf.value === null)

/** Puts a committed change into the record, whose tree is another one then, in any case. The change must be newer than the record. */
export function applyChange(entry: Entry, change: Change): void {
  if (!touchesRecord(change)) return
  const own: Stamp = { t: change.t, rev: change.rev, epoch: change.epoch }
  if (!entry.live) {
    entry.born = change.rev
    entry.rev = 0 // of the record that was deleted: one that is adopted in its place has none
  }
  entry.live = !deletesRecord(change)
  const stamping = new Stamping<Stamp>()
  for (const leaf of change.leaves) {
    countLeaf(entry, leaf)
    stamping.take(leaf, leaf.stamp ?? own)
  }
  deleteWithin(entry.stamps, stamping.dropped)
  for (const [path, stamp] of stamping.stamped) entry.stamps.set(path, stamp)
  entry.tree = changedTree(entry.tree, change)
  if (change.kind !== 'adopt' || !entry.live) entry.rev = change.rev
}

/** The members of a record as a change leaves them; another tree, in any case. */
export function changedTree(before: TreeMap, { leaves, inserts }: Pick<Draft, 'leaves' | 'inserts'>): TreeMap {
  const tree = new TreeCopy(before)
  for (const { path, value } of leaves) {
    if (value === null) tree.delete(path)
    else tree.set(path, value)
  }
  for (const { path, value, keep } of inserts ?? []) tree.set(path, insertInto(tree.top, path, value, keep))
  return tree.top
}

function countLeaf(entry: Entry, { path, value, counts }: ChangedLeaf): void {
  if (path === '' && value === null) entry.counts.clear()
  for (const { root, n, sum } of counts ?? []) countsAt(entry, path).set(root, { n, sum })
}

export function countsAt(entry: Entry, path: Pointer): Map<string, Count> {
  let counts = entry.counts.get(path)
  if (counts === undefined) entry.counts.set(path, (counts = new Map<string, Count>()))
  return counts
}

export function hasStamp({ stamps }: Entry, path: Pointer, stamp: Stamp): boolean {
  const there = stamps.get(path)
  return there !== undefined && sameStamp(there, stamp)
}

/** Of counts that no roster vouches for: those of numbers that stand in the record. */
export const countsOfStanding = (tree: TreeMap, counts: Entry['counts']): Entry['counts'] =>
  new Map([...counts].filter(([path]) => typeof valueAt(tree, path) === 'string').map(([path, byRoot]) => [path, new Map(byRoot)]))

/** The list at `path` with the entry merged in by its id, ordered by time, cut to the last `keep`. */
export function insertInto(tree: TreeMap, path: Pointer, value: string, keep: number): string {
  const added = listEntry(value)
  const others = listAt(tree, path).filter((entry) => entry.id !== added.id)
  const ordered = [...others, added].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
  return `[${ordered
    .slice(-keep)
    .map((entry) => entry.text)
    .join(',')}]`
}

export interface ListEntry {
  text: string
  id: string
  /** ms; NaN-free: an entry without a readable time comes first. */
  time: number
}

/** The entries of a list of objects with ids; what is no such list reads as empty. */
export function listAt(tree: TreeMap, path: Pointer): ListEntry[] {
  const list = valueAt(tree, path)
  if (typeof list !== 'string' || !list.startsWith('[')) return []
  return itemsOf(list).map(listEntry)
}

/** By V8's own parser: each entry of a list is looked into whenever one is added. */
export function listEntry(text: string): ListEntry {
  const item = JSON.parse(text) as unknown
  const field = (name: 'id' | 'timestamp'): string => {
    const value = typeof item === 'object' && item !== null ? (item as Record<string, unknown>)[name] : undefined
    return typeof value === 'string' ? value : ''
  }
  return { text, id: field('id') || text, time: Date.parse(field('timestamp')) || 0 }
}

/** The items of an array's one-line text, each as text. */
export function itemsOf(array: string): string[] {
  const items: string[] = []
  let depth = 0
  let start = 1
  for (let at = 1; at < array.length - 1; at++) {
    const character = array[at]!
    if (character === '"') while (array[++at] !== '"') at += array[at] === '\\' ? 1 : 0
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    else if (character === ',' && depth === 0) {
      items.push(array.slice(start, at))
      start = at + 1
    }
  }
  if (array.length > 2) items.push(array.slice(start, -1))
  return items
}
