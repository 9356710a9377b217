/** A copy of the whole context at one revision of one lineage, kept up to date by applying changes in order. */
import { applyChange, emptyEntry, type Entry, touchesRecord } from './entry.js'
import type { Change, Operation, Target } from './operation.js'
import { type Seen, SeenIds } from './seen-ids.js'

export interface Replica {
  /** null: no sequencer has ever been met. */
  epoch: string | null
  rev: number
  /** The highest revision ever seen, in any epoch. */
  high: number
  /** Of epochs before the present one. */
  contains: Map<string, number>
  entries: Map<Target, Entry>
  /** Ids of operations that are in here. */
  seen: SeenIds
  /** Of the last change, ms; 0: none yet. */
  t: number
}

export const emptyReplica = (): Replica => ({
  epoch: null,
  rev: 0,
  high: 0,
  contains: new Map(),
  entries: new Map(),
  seen: new SeenIds(),
  t: 0,
})

/** The key of a write was used for another one. Of one that was brought back it is not known with what: there it is taken to be this one. */
export const isOtherPayload = (digest: string | undefined, seen: Pick<Seen, 'digest'>): boolean =>
  digest !== undefined && seen.digest !== undefined && digest !== seen.digest

/** The operation itself is in the replica, and not only another one for which its key was used elsewhere. */
export function isDone({ seen }: Pick<Replica, 'seen'>, { id, digest }: Pick<Operation, 'id' | 'digest'>): boolean {
  const known = seen.get(id)
  return known !== undefined && !isOtherPayload(digest, known)
}

/** Everything that the replica contains, the present epoch included. */
export function lineageOf(replica: Replica): Map<string, number> {
  const all = new Map(replica.contains)
  if (replica.epoch !== null) all.set(replica.epoch, replica.rev)
  return all
}

/** Applies a change that is newer than the replica, in place. */
export function advance(replica: Replica, change: Change): void {
  if (touchesRecord(change)) {
    let entry = replica.entries.get(change.target)
    if (entry === undefined) replica.entries.set(change.target, (entry = emptyEntry()))
    if (change.rev > entry.rev) applyChange(entry, change) // a record of a snapshot may be ahead of it
  }
  remember(replica, change)
  replica.rev = change.rev
  replica.high = Math.max(replica.high, change.rev)
  if (change.kind !== 'adopt') replica.t = Math.max(replica.t, change.t) // what is taken over is as old as it was
}

/** The operation behind this change is done. */
export function remember(replica: Pick<Replica, 'seen'>, change: Change): void {
  const seen: Seen = { rev: change.rev, target: change.target }
  if (change.digest !== undefined) {
    seen.digest = change.digest
    seen.t = change.t
  }
  replica.seen.set(change.id, seen)
  for (const id of change.brings ?? []) {
    if (!replica.seen.has(id)) replica.seen.set(id, { rev: change.rev, target: change.target })
  }
}
