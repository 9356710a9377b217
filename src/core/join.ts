/**
 * A root meets another lineage than its own: an emptied or rolled-back Redis, the first contact of a root without one, a host
 * back after a week. It brings the leaves that the new lineage does not contain, with their original stamps, says what
 * is contained now, gives ids back, and takes over the new state. Every step may be repeated.
 */
import { changedTree, cloneEntry, type Entry } from '../domain/entry.js'
import { offerToFound } from '../domain/found-record.js'
import type { TreeMap } from '../domain/json.js'
import { type Contains, mergeContains, sameStamp } from '../domain/lineage.js'
import { isMergedList, mergeEntry, type Offer } from '../domain/merge.js'
import type { Change, Target } from '../domain/operation.js'
import { PathIndex } from '../domain/path-index.js'
import type { Pointer } from '../domain/pointer.js'
import { advance, lineageOf, remember, type Replica } from '../domain/replica.js'
import type { Lineage, SeenId, Store, Stored } from '../store/contract.js'
import type { Seen } from '../domain/seen-ids.js'
import { leavesOf, TreeCopy, valueAt } from '../domain/tree.js'
import type { Ports } from './ports.js'
import { changesSince, entriesOf, readAll } from './snapshot.js'
import { fieldsWritten, overwritten, tokensOf } from './submit.js'
import { bringBack } from './taken-away.js'

/** Puts an evicted record back; false: it cannot be done now. */
export type Heal = (target: Target, stored: Stored, known: Entry) => Promise<boolean>

const MAX_ATTEMPTS = 20
/** Records that are offered together: they are independent of each other. */
const AT_A_TIME = 32

/** The replica of the new lineage; null when it changed meanwhile: the next round tries again. */
export async function join(
  store: Store,
  former: Replica,
  lineage: Lineage,
  ports: Ports,
  heal: Heal,
): Promise<Replica | null> {
  const epoch = lineage.epoch!
  const replica = await caughtUp(store, former, lineage)
  const remoteContains = new Map(lineage.contains).set(epoch, lineage.rev)
  const sides: Sides = { store, replica, epoch, remoteContains, ports, heal }
  // A snapshot has them in no order: as they are offered here, they come to be there.
  const known = [...replica.entries].sort(([, a], [, b]) => a.born - b.born)
  for (let from = 0; from < known.length; from += AT_A_TIME) {
    const offered = await Promise.all(known.slice(from, from + AT_A_TIME).map(([target, entry]) => offer(sides, target, entry)))
    if (offered.includes(false)) return null
  }
  if (!(await store.contain(epoch, lineageOf(replica), seenIds(replica)))) return null
  const now = await store.hello()
  if (now.epoch !== epoch || now.owner !== now.run) return null
  const told = await changesSince(store, replica.epoch === epoch ? replica.rev : 0)
  const seen = await seenIn(store, replica, epoch, told) // before the records: what is seen is in them
  const snapshot = await readAll(store, now)
  const entries = withoutForeign(await entriesOf(store, snapshot, replica), replica, new Map(now.contains).set(epoch, now.rev))
  const meanwhile = await changesSince(store, now.rev)
  bringBack(entries, [...told.filter(({ rev }) => rev <= now.rev), ...meanwhile])
  for (const change of meanwhile) {
    // A record may have been read with a change that came after: then its id is done too.
    if ((entries.get(change.target)?.rev ?? 0) >= change.rev) remember({ seen }, change)
  }
  const after = await store.hello()
  if (after.epoch !== epoch || after.owner !== after.run) return null // lost while it was read
  return {
    epoch,
    rev: now.rev,
    high: Math.max(replica.high, now.rev),
    contains: mergeContains(lineageOf(replica), now.contains),
    entries,
    seen,
    t: newestIn(entries, replica.t), // `last_update` of the document: the same in every root
  }
}

/**
 * With what was changed in its lineage before that ended, where the store has it still: also where it was lost how far the lineage went,
 * as the ids of these changes may be there without their data. What a program past us has taken away since is known then, too, though
 * this root had not heard of it.
 */
async function caughtUp(store: Store, replica: Replica, { contains }: Lineage): Promise<Replica> {
  const last = replica.epoch === null ? 0 : contains.get(replica.epoch)
  if (last !== undefined && last <= replica.rev) return replica
  const ahead: Replica = { ...replica, entries: new Map(replica.entries), seen: replica.seen.copy() }
  for (const change of await changesSince(store, replica.rev)) {
    if (change.epoch !== replica.epoch || change.prev > ahead.rev) break // what lay between is trimmed, or the lineage ended
    const entry = ahead.entries.get(change.target)
    if (entry !== undefined) ahead.entries.set(change.target, cloneEntry(entry))
    advance(ahead, change)
  }
  return ahead
}

/**
 * A leaf that no change has written is a legacy program's: it is not taken over silently, so that the comparison that follows
 * makes a change of it. Else nobody would know when it was written, and it would not come back after the next loss.
 */
function withoutForeign(entries: Map<Target, Entry>, replica: Replica, remoteContains: Contains): Map<Target, Entry> {
  const localContains = lineageOf(replica)
  const own = [...entries].map(([target, entry]): [Target, Entry] => {
    const known = replica.entries.get(target)
    const copy = cloneEntry(entry)
    const tree = new TreeCopy(entry.tree)
    const written = new PathIndex(entry.stamps)
    for (const { path, value } of leavesOf(entry.tree)) {
      // What is left of an object when its last member is deleted has no stamp of its own, either.
      if (entry.counts.has(path) || isMergedList(path) || value === '{}') continue
      const stamp = entry.stamps.get(path)
      const before = known?.stamps.get(path)
      const ours = known === undefined ? undefined : valueAt(known.tree, path)
      if (stamp === undefined) tree.delete(withWhatHoldsIt(tree.top, path, written))
      else if (before !== undefined && sameStamp(before, stamp) && typeof ours === 'string' && ours !== value) tree.set(path, ours)
    }
    // A program that wrote since it was offered may also have taken away what is known here.
    const gone = known?.live === true && entry.live ? mergeEntry({ local: known, localContains, remote: entry, remoteContains }) : undefined
    copy.tree = gone === undefined ? tree.top : changedTree(tree.top, gone)
    return [target, copy]
  })
  return new Map(own)
}

/** The object that holds only this leaf, and in which nothing was ever written by a change, came with it. Left empty, it would be taken for a later write. */
function withWhatHoldsIt(tree: TreeMap, path: Pointer, written: PathIndex): Pointer {
  const above = path.slice(0, path.lastIndexOf('/'))
  const holder = above === '' ? undefined : valueAt(tree, above)
  if (typeof holder !== 'object' || holder.size > 1 || written.has(above) || !written.below(above).next().done) return path
  return withWhatHoldsIt(tree, above, written)
}

function newestIn(entries: ReadonlyMap<Target, Entry>, known: number): number {
  let newest = known
  for (const { rev, stamps } of entries.values()) {
    if (rev === 0) continue // what is taken over is as old as it was
    for (const { t } of stamps.values()) newest = Math.max(newest, t)
  }
  return newest
}

/** An id that the store has is done: its data is in the snapshot, or was given back with it. */
async function seenIn(store: Store, replica: Replica, epoch: string, told: readonly Change[]): Promise<Replica['seen']> {
  const seen = replica.seen.copy()
  const after = replica.epoch === epoch ? replica.rev : 0
  for (const { id, ...facts } of await store.seenIds(after)) seen.set(id, { ...seen.get(id), ...facts })
  for (const { id, target } of told) {
    const known = seen.get(id)
    if (known !== undefined) seen.set(id, { ...known, target })
  }
  return seen
}

const seenIds = (replica: Replica): SeenId[] => [...replica.seen].map(([id, seen]) => seenId(id, seen))

const seenId = (id: string, { rev, digest, t }: Seen): SeenId => ({
  id,
  rev,
  ...(digest !== undefined && { digest }),
  ...(t !== undefined && { t }),
})

interface Sides {
  store: Store
  replica: Replica
  epoch: string
  remoteContains: Map<string, number>
  ports: Ports
  heal: Heal
}

/** One record: read, merge, commit, until nothing came between. */
async function offer({ store, replica, epoch, remoteContains, ports, heal }: Sides, target: Target, entry: Entry): Promise<boolean> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = await store.read(target)
    if (stored.evicted) {
      if (await heal(target, stored, entry)) continue
      return false
    }
    const missing = mergeEntry({
      local: entry,
      localContains: lineageOf(replica),
      remote: stored.roster === null ? undefined : stored.entry,
      remoteContains,
    })
    const isFound = stored.roster === null && stored.entry !== undefined
    const offered = isFound ? offerToFound(missing, stored.entry!) : missing
    if (offered.leaves.length === 0 && offered.inserts === undefined && offered.lost === undefined) return true
    const adopted = stored.roster === null && entry.live && entry.rev === 0
    const gives = idsWith(offered, target, replica)
    const lost = [...(offered.lost ?? []), ...overwritten(stored, offered)]
    const verdict = await store.commit({
      epoch,
      floor: replica.high,
      draft: {
        id: ports.randomId(),
        t: newestOf(offered, entry),
        target,
        kind: adopted ? 'adopt' : 'restore',
        by: 'memory_sync',
        ...offered,
        ...(lost.length > 0 && { lost }),
        ...(gives.length > 0 && { brings: gives.map(({ id }) => id) }),
      },
      expect: { roster: stored.roster, fields: tokensOf(stored, fieldsWritten(offered)) },
      before: stored.entry,
      gives,
    })
    if (verdict.is === 'committed') return true
    if (verdict.is !== 'stale' && verdict.is !== 'evicted') return false
  }
  return false
}

/**
 * Additions do not show which operations they are made of: a store that gets them gets the ids in the same step, so that no
 * other root adds one of them again before this one has told all it knows.
 */
function idsWith(offer: Offer, target: Target, replica: Replica): SeenId[] {
  if (!offer.leaves.some((leaf) => leaf.counts !== undefined)) return []
  return [...replica.seen].flatMap(([id, seen]) => (seen.target === target ? seenId(id, seen) : []))
}

/** Of what is brought; what lost against something newer there is as old as it was here. */
const newestOf = ({ leaves, lost = [] }: Offer, { stamps }: Entry): number => {
  const times = [...leaves.map(({ stamp }) => stamp?.t ?? 0), ...lost.map(({ path }) => stamps.get(path)?.t ?? 0)]
  return times.reduce((newest, t) => Math.max(newest, t), 0)
}

