/** The records as they will be when everything acknowledged is committed. */
import { applyChange, cloneEntry, type Entry, emptyEntry } from '../domain/entry.js'
import type { Change, Operation, Target } from '../domain/operation.js'
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
  const change: Change = { ...draft, rev: Number.MAX_SAFE_INTEGER, prev: 0, epoch: 'pending' }
  const shown = entry.rev
  applyChange(entry, change)
  entry.rev = rev ?? shown
}

/** How far it was laid. */
interface Kept {
  overlay: Overlay
  mark: Mark
}

/** The overlay of a root, kept: of thousands that wait, only those that came since are laid over the others. */
export class ShownRecords {
  private kept: Kept | undefined
  /** Of single records, as long as nobody has asked for all. */
  private readonly single = new Map<Target, Kept>()

  /** Good until the next call; not to be changed. */
  of(replica: Replica, open: OpenOperations): Map<Target, Entry> {
    this.kept = laid(this.kept, () => new Map(replica.entries), replica, open)
    this.single.clear()
    return this.kept.overlay.entries
  }

  /** One record, without working out the others. */
  one(replica: Replica, open: OpenOperations, target: Target): Entry | undefined {
    if (open.knownSince(this.kept?.mark, replica) > 0) return this.of(replica, open).get(target)
    const known = this.single.get(target)
    if (known !== undefined && open.knownSince(known.mark, replica) === 0) this.single.clear() // what made this one outdated did so to all
    const entry = replica.entries.get(target)
    const single = laid(known, () => new Map(entry === undefined ? [] : [[target, entry]]), replica, open, target)
    this.single.set(target, single)
    return single.overlay.entries.get(target)
  }
}

/** With what came since laid over it, or laid anew. `target`: only what is on its way to this record. */
function laid(known: Kept | undefined, entries: () => Map<Target, Entry>, replica: Replica, open: OpenOperations, target?: Target): Kept {
  const wanted = (some: readonly Acknowledged[]): readonly Acknowledged[] => (target === undefined ? some : some.filter(({ op }) => op.target === target))
  const count = open.knownSince(known?.mark, replica)
  const added = wanted(open.all().slice(count))
  const isOver = count === 0 || added.some((entry) => entry.rev !== undefined) // that goes below what waits
  const overlay = isOver ? new Overlay(entries()) : known!.overlay
  overlay.lay(isOver ? wanted(open.all()) : added)
  return { overlay, mark: open.mark(replica) }
}
