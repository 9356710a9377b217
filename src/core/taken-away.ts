/**
 * What a program past us has taken away before this root came, with a whole context that it replaced: the changes that wrote it still tell
 * of it. It is known here then, so that the comparison that follows puts it back.
 */
import { changedTree, type Entry, hasStamp, listAt, listEntry } from '../domain/entry.js'
import type { Change, ChangedLeaf, Draft, Stamp, Target } from '../domain/operation.js'
import { isWithinOne, prefixesOf } from '../domain/path-index.js'
import type { Pointer } from '../domain/pointer.js'
import { hasNothing, valueAt } from '../domain/tree.js'

type Insert = NonNullable<Draft['inserts']>[number]

/** `told`: all changes of these records that the store has, the oldest first. What came after an entry was read is still to come. */
export function bringBack(entries: ReadonlyMap<Target, Entry>, told: readonly Change[]): void {
  const later = new Map<Target, LaterChanges>()
  for (const { target, leaves, inserts = [], t, rev, epoch } of told.toReversed()) {
    const entry = entries.get(target)
    if (entry?.live !== true || entry.rev < rev) continue
    const ofRecord = later.get(target) ?? new LaterChanges(entry)
    later.set(target, ofRecord)
    for (const insert of inserts) ofRecord.takeInsert(insert)
    for (const leaf of leaves.toReversed()) ofRecord.takeLeaf(leaf, leaf.stamp ?? { t, rev, epoch })
  }
}

/** Of one record, from the last change to the first: what has no stamps, additions and entries of lists, is there unless it was ended after it. */
class LaterChanges {
  /** Deleted, or set: what was there and below it before is gone, whatever was written there since. */
  private readonly replaced = new Set<Pointer>()
  /** There were objects later: a sum or a list that stood there gave way to one. */
  private readonly objects = new Set<Pointer>()
  private readonly listed = new Map<Pointer, { ids: Set<string>; keep: number }>()

  constructor(private readonly entry: Entry) {}

  /** Its stamp alone would say that it was deleted. */
  takeLeaf(leaf: ChangedLeaf, stamp: Stamp): void {
    const { path, value, counts } = leaf
    const { entry } = this
    const isLast = counts === undefined ? hasStamp(entry, path, stamp) : !this.isEnded(path)
    if (value !== null && path !== '' && isLast && hasNothing(entry.tree, path)) entry.tree = changedTree(entry.tree, { leaves: [{ path, value }] })
    if (value !== '{}') this.replaced.add(path) // that keeps what is there
    if (value === null) return
    for (const at of prefixesOf(path)) if (at !== path || value === '{}') this.objects.add(at)
  }

  takeInsert(insert: Insert): void {
    const { path, value } = insert
    const { entry, listed } = this
    const standing = hasNothing(entry.tree, path) ? '[]' : valueAt(entry.tree, path)
    if (this.isEnded(path) || typeof standing !== 'string' || !standing.startsWith('[')) return
    const list = listed.get(path) ?? { ids: new Set(listAt(entry.tree, path).map(({ id }) => id)), keep: insert.keep }
    listed.set(path, list)
    list.keep = Math.min(list.keep, insert.keep) // a later one has left no more
    const { id } = listEntry(value)
    if (!list.ids.has(id)) entry.tree = changedTree(entry.tree, { leaves: [], inserts: [{ ...insert, keep: list.keep }] })
    list.ids.add(id)
  }

  private isEnded(path: Pointer): boolean {
    return this.objects.has(path) || isWithinOne(path, this.replaced)
  }
}
