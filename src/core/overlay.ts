/** The records as they will be when everything acknowledged is committed. */
import { applyChange, cloneEntry, type Entry, emptyEntry, partOf } from '../domain/entry.js'
import { numbered, type Operation, type Target } from '../domain/operation.js'
import { overlaps, type Pointer } from '../domain/pointer.js'
import type { Replica } from '../domain/replica.js'
import { resolve } from '../domain/resolve.js'
import type { Acknowledged } from '../store/root.js'
import type { Mark, OpenOperations } from './open-operations.js'

/** A replica with acknowledged operations laid over it. Records that no operation touches are shared with the replica. */
class Overlay {
  private readonly own = new Set<Target>()

  constructor(readonly entries: Map<Target, Entry>) {}

  /** Those with a revision in its order, then the others in theirs. */
  lay(open: readonly Acknowledged[]): void {
    const numbered = open.filter((entry) => entry.rev !== undefined).sort((a, b) => a.rev! - b.rev!)
    for (const { op, rev } of [...numbered, ...open.filter((entry) => entry.rev === undefined)]) preview(this.entryOf(op.target), op, rev)
  }

  private entryOf(target: Target): Entry {
    const present = this.entries.get(target)
    if (present !== undefined && this.own.has(target)) return present
    const entry = present === undefined ? emptyEntry() : cloneEntry(present)
    this.entries.set(target, entry)
    this.own.add(target)
    return entry
  }
}

function preview(entry: Entry, op: Operation, rev: number | undefined): void {
  const { draft } = resolve(op, entry, { t: op.t, against: rev === undefined ? 'stamps' : 'order' })
  const change = numbered(draft, Number.MAX_SAFE_INTEGER, 0, 'pending')
  const shown = entry.rev
  applyChange(entry, change)
  entry.rev = rev ?? shown
}

/** To see one record, so many operations that came since are laid over all others: of more, most concern other records. */
const FEW_SINCE = 16
/** A part of a record is named by so many pointers: of more, the whole is as cheap. */
const FEW_POINTERS = 16

/** The overlay of a root, kept: of thousands that wait, only those that came since are laid over the others. */
export class ShownRecords {
  private kept: { overlay: Overlay; mark: Mark } | null = null

  /** Good until the next call; not to be changed. */
  of(replica: Replica, open: OpenOperations): ReadonlyMap<Target, Entry> {
    if (open.size === 0) return replica.entries
    const known = open.knownSince(this.kept?.mark, replica)
    const added = open.all().slice(known)
    const isOver = known === 0 || added.some((entry) => entry.rev !== undefined) // that goes below what waits
    const overlay = isOver ? new Overlay(new Map(replica.entries)) : this.kept!.overlay
    overlay.lay(isOver ? open.all() : added)
    this.kept = { overlay, mark: open.mark(replica) }
    return overlay.entries
  }

  /** One record without working out the others, and with `paths` these leaves of it at least: as far as they go it is the whole. */
  one(replica: Replica, open: OpenOperations, target: Target, paths?: readonly Pointer[]): Entry | undefined {
    const known = open.knownSince(this.kept?.mark, replica)
    if (known > 0 && open.size - known <= FEW_SINCE) return this.of(replica, open).get(target)
    const waiting = open.all().filter(({ op }) => op.target === target)
    const entry = replica.entries.get(target)
    const reach = paths === undefined ? undefined : reachOf(paths, waiting)
    if (reach === undefined) return laid(target, entry, waiting)
    const concerned = waiting.filter(({ op }) => op.edits.some(({ path }) => reach.has(path)))
    return laid(target, entry === undefined ? undefined : partOf(entry, [...reach]), concerned)
  }
}

function laid(target: Target, entry: Entry | undefined, waiting: readonly Acknowledged[]): Entry | undefined {
  const overlay = new Overlay(new Map(entry === undefined ? [] : [[target, entry]]))
  overlay.lay(waiting)
  return overlay.entries.get(target)
}

/**
 * Whether what waits replaces something depends on all that it would replace: these pointers, and those of every edit that has to do
 * with one of them. Undefined: too many to be worth it.
 */
function reachOf(paths: readonly Pointer[], waiting: readonly Acknowledged[]): ReadonlySet<Pointer> | undefined {
  const reach = new Set(paths)
  for (let size = 0; size < reach.size; ) {
    size = reach.size
    const known = [...reach]
    if (size > FEW_POINTERS) return undefined
    for (const { op } of waiting) for (const { path } of op.edits) if (known.some((other) => overlaps(path, other))) reach.add(path)
  }
  return reach
}
