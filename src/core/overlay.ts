/** The records as they will be when everything acknowledged is committed. */
import { applyChange, cloneEntry, type Entry, emptyEntry } from '../domain/entry.js'
import type { Change, Operation, Target } from '../domain/operation.js'
import type { Replica } from '../domain/replica.js'
import { resolve } from '../domain/resolve.js'
import type { Acknowledged } from '../store/root.js'
import type { Mark, OpenOperations } from './open-operations.js'

/** A replica with acknowledged operations laid over it. Records that no operation touches are shared with the replica. */
class Overlay {
  readonly entries: Map<Target, Entry>
  private readonly own = new Set<Target>()

  constructor(replica: Replica) {
    this.entries = new Map(replica.entries)
  }

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

/** One record of the overlay. */
export function overlaid(replica: Replica, open: OpenOperations, target: Target): Entry | undefined {
  const overlay = new Overlay(replica)
  overlay.lay(open.all().filter(({ op }) => op.target === target))
  return overlay.entries.get(target)
}

/** The overlay of a root, kept: of thousands that wait, only those that came since are laid over the others. */
export class ShownRecords {
  private kept: { overlay: Overlay; mark: Mark } | null = null

  /** Good until the next call; not to be changed. */
  of(replica: Replica, open: OpenOperations): Map<Target, Entry> {
    const known = open.knownSince(this.kept?.mark, replica)
    const added = open.all().slice(known)
    const isOver = known === 0 || added.some((entry) => entry.rev !== undefined) // that goes below what waits
    const overlay = isOver ? new Overlay(replica) : this.kept!.overlay
    overlay.lay(isOver ? open.all() : added)
    this.kept = { overlay, mark: open.mark(replica) }
    return overlay.entries
  }

  /** One record, without working out the others. */
  one(replica: Replica, open: OpenOperations, target: Target): Entry | undefined {
    return open.knownSince(this.kept?.mark, replica) > 0 ? this.of(replica, open).get(target) : overlaid(replica, open, target)
  }
}
