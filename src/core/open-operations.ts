/** Acknowledged operations that the replica does not contain yet. */
import { applyChange, cloneEntry, type Entry, emptyEntry } from '../domain/entry.js'
import { contains } from '../domain/lineage.js'
import { type Change, isFirstContext, type Operation, type Target } from '../domain/operation.js'
import { lineageOf, type Replica } from '../domain/replica.js'
import { resolve } from '../domain/resolve.js'
import type { Acknowledged } from '../store/root.js'

export class OpenOperations {
  private readonly byId = new Map<string, Acknowledged>()
  /** Another number after every change of what is in here. */
  version = 0

  /** The journal's word: a later line about the same operation knows its revision. Its time is that of the first attempt. */
  add(entry: Acknowledged): void {
    const known = this.byId.get(entry.op.id)
    this.version++
    if (known === undefined) this.byId.set(entry.op.id, entry)
    else if (entry.rev !== undefined) this.byId.set(entry.op.id, { ...entry, op: known.op })
  }

  /** Drops what the replica contains by now. */
  settle(replica: Replica): void {
    if (this.byId.size === 0) return
    const contained = containedIn(replica)
    for (const [id, entry] of this.byId) {
      if (!contained(entry)) continue
      this.byId.delete(id)
      this.version++
    }
  }

  has(id: string): boolean {
    return this.byId.has(id)
  }

  /** In the order of the journal; what is taken over from a file comes first, as it was there before any of our writes. */
  all(): Acknowledged[] {
    if (this.byId.size === 0) return []
    const open = [...this.byId.values()]
    const isAdoption = ({ op }: Acknowledged): boolean => op.kind === 'adopt'
    return [...open.filter(isAdoption), ...open.filter((entry) => !isAdoption(entry))]
  }

  /** Must still go to the shared store: in the order of the journal. */
  toReplay(replica: Replica): Acknowledged[] {
    if (this.byId.size === 0) return []
    const contained = containedIn(replica)
    return this.all().filter((entry) => !contained(entry) && !isCommittedIn(replica, entry))
  }

  /** Without a revision anywhere: this machine's pending writes. */
  pendingCount(replica: Replica): number {
    return this.toReplay(replica).filter(({ op }) => !isFirstContext(op)).length
  }
}

/** By id, or because its revision is in what the replica contains. An id that a store gave back says nothing of the data. */
function containedIn(replica: Replica): (entry: Acknowledged) => boolean {
  const lineage = lineageOf(replica)
  return ({ op, rev, epoch }) =>
    replica.seen.has(op.id) || (rev !== undefined && epoch !== undefined && contains(lineage, { t: 0, rev, epoch }))
}

const isCommittedIn = (replica: Replica, { rev, epoch }: Acknowledged): boolean =>
  rev !== undefined && epoch === replica.epoch

/** The records as they will be when everything acknowledged is committed. Records that no operation touches are shared. */
export function overlay(replica: Replica, open: readonly Acknowledged[]): Map<Target, Entry> {
  const entries = new Map(replica.entries)
  if (open.length === 0) return entries
  const cloned = new Set<Target>()
  const numbered = open.filter((entry) => entry.rev !== undefined).sort((a, b) => a.rev! - b.rev!)
  for (const { op, rev } of [...numbered, ...open.filter((entry) => entry.rev === undefined)]) {
    if (!cloned.has(op.target)) entries.set(op.target, copyOf(entries.get(op.target)))
    cloned.add(op.target)
    preview(entries.get(op.target)!, op, rev)
  }
  return entries
}

const copyOf = (entry: Entry | undefined): Entry => (entry === undefined ? emptyEntry() : cloneEntry(entry))

function preview(entry: Entry, op: Operation, rev: number | undefined): void {
  const { draft } = resolve(op, entry, { t: op.t, against: rev === undefined ? 'stamps' : 'order' })
  const change: Change = { ...draft, rev: Number.MAX_SAFE_INTEGER, prev: 0, epoch: 'pending' }
  const shown = entry.rev
  applyChange(entry, change)
  entry.rev = rev ?? shown
}
