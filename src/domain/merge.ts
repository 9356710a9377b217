/**
 * What a root brings to a lineage that does not contain all it knows: an emptied or rolled-back Redis, a first contact, a host
 * back after a week. A merge of stamped leaves, never an overwrite.
 */
import { type Count, type Entry, emptyEntry, listAt } from './entry.js'
import { formatLine, type TreeMap } from './json.js'
import { contains, type Contains, isNewer, sameStamp } from './lineage.js'
import { addAll } from './lists.js'
import { addNumbers, negate } from './number.js'
import type { ChangedLeaf, Draft, Lost, Stamp } from './operation.js'
import { PathIndex, prefixesOf } from './path-index.js'
import { isWithin, type Pointer } from './pointer.js'
import { leafAbove, placesIn, valueAt } from './tree.js'

export interface Sides {
  local: Entry
  localContains: Contains
  remote: Entry | undefined
  remoteContains: Contains
}

export type Offer = Pick<Draft, 'leaves' | 'inserts' | 'lost'>

/** The leaves that the remote side lacks, each with its original stamp; nothing where it lacks none. */
export function mergeEntry(sides: Sides): Offer {
  const remote = sides.remote ?? emptyEntry()
  const offer: { leaves: ChangedLeaf[]; lost: Lost[] } = { leaves: [], lost: [] }
  const both = { ...sides, remote, index: new PathIndex(remote.stamps) }
  for (const [path, stamp] of ancestorsFirst(sides.local.stamps)) offerLeaf(both, path, stamp, offer)
  const deletion = remote.stamps.get('')
  if (deletion !== undefined && !contains(sides.localContains, deletion)) {
    // Deleted there meanwhile: what was counted and listed before belongs to the record that is gone.
    return { leaves: asTheyStand(offer.leaves, sides.local.tree), ...(offer.lost.length > 0 && { lost: offer.lost }) }
  }
  addAll(offer.leaves, missingCounts(sides.local, remote, offer.leaves))
  const inserts = missingListEntries(sides, remote, offer.leaves)
  return {
    leaves: asTheyStand(offer.leaves, sides.local.tree),
    ...(inserts.length > 0 && { inserts }),
    ...(offer.lost.length > 0 && { lost: offer.lost }),
  }
}

/** Each behind what contains it. Their own order is that of the last writes, and says nothing of where the leaves stand. */
function ancestorsFirst(stamps: ReadonlyMap<Pointer, Stamp>): [Pointer, Stamp][] {
  const taken = new Map<Pointer, Stamp>()
  for (const path of stamps.keys()) {
    for (const prefix of [...prefixesOf(path)].reverse()) {
      const stamp = stamps.get(prefix)
      if (stamp !== undefined) taken.set(prefix, stamp)
    }
  }
  return [...taken]
}

/** In the order of the record, which a side that has lost it takes over with them; behind them what does not stand there any more. */
function asTheyStand(leaves: ChangedLeaf[], tree: TreeMap): ChangedLeaf[] {
  if (leaves.length < 2) return leaves
  const places = placesIn(tree)
  const placeOf = ({ path }: ChangedLeaf): number => places.get(path) ?? places.size
  return leaves.sort((a, b) => placeOf(a) - placeOf(b)) // of one path, the value comes before what is added to it
}

interface BothSides extends Sides {
  remote: Entry
  /** Of the remote stamps. */
  index: PathIndex
}

function offerLeaf(
  sides: BothSides,
  path: Pointer,
  stamp: Stamp,
  offer: { leaves: ChangedLeaf[]; lost: Lost[] },
): void {
  const { local, remote, index } = sides
  const isKnown = contains(sides.remoteContains, stamp) || hasStamp(remote, path, stamp)
  if (isKnown && !isGoneThere(local, remote, path, stamp)) return
  const value = path === '' ? (local.live ? local.tree : undefined) : valueAt(local.tree, path)
  const text = value === undefined ? null : typeof value === 'string' ? value : '{}'
  const keepsBelow = text === '{}'
  for (const at of keepsBelow ? index.containing(path) : index.overlapping(path)) {
    const other = remote.stamps.get(at)!
    if (!contains(sides.localContains, other) && isNewer(other, stamp)) {
      const kept = path === '' && !remote.live ? undefined : valueAt(remote.tree, path)
      const standing = kept === undefined ? null : formatLine(kept)
      if (standing !== text) offer.lost.push({ path, lost: text, kept: standing })
      return
    }
  }
  if (path !== '' || text === null) offer.leaves.push({ path, value: text, stamp })
  if (keepsBelow) addAll(offer.leaves, deletedBelow(sides, path, stamp))
}

const hasStamp = ({ stamps }: Entry, path: Pointer, stamp: Stamp): boolean => {
  const there = stamps.get(path)
  return there !== undefined && sameStamp(there, stamp)
}

/** The change that wrote it is known there, and no later one of it, and yet there is no value: somebody past us has taken it away. */
const isGoneThere = (local: Entry, remote: Entry, path: Pointer, stamp: Stamp): boolean =>
  path !== '' && remote.live && hasStamp(remote, path, stamp) && hasNothing(remote, path) && valueAt(local.tree, path) !== undefined

/** Nor another value on the way there, which would be newer. */
const hasNothing = ({ tree }: Entry, path: Pointer): boolean => valueAt(tree, path) === undefined && leafAbove(tree, path) === undefined

/** Leaves that the remote side still has below `path`, although this side had seen them and has them no more. */
function deletedBelow(sides: BothSides, path: Pointer, stamp: Stamp): ChangedLeaf[] {
  const gone: ChangedLeaf[] = []
  for (const at of sides.index.below(path)) {
    if (valueAt(sides.remote.tree, at) === undefined) continue
    if (contains(sides.localContains, sides.remote.stamps.get(at)!) && valueAt(sides.local.tree, at) === undefined) {
      gone.push({ path: at, value: null, stamp })
    }
  }
  return gone
}

/** What roots have added here and not there, as an addition to the value that will stand there. */
function missingCounts(local: Entry, remote: Entry, offered: readonly ChangedLeaf[]): ChangedLeaf[] {
  const leaves: ChangedLeaf[] = []
  for (const path of new Set([...local.counts.keys(), ...remote.counts.keys()])) {
    const offeredHere = offered.some((leaf) => leaf.path === path && leaf.value !== null) || isSumGoneThere(local, remote, path)
    const [base, other] = offeredHere ? [local, remote] : [remote, local]
    const ahead = countsAhead(other.counts.get(path), base.counts.get(path))
    if (ahead.length === 0 && !offeredHere) continue
    const start = valueAt(base.tree, path) ?? '0'
    const value = ahead.reduce<string | undefined>(
      (sum, count) => (sum === undefined ? undefined : addNumbers(sum, count.delta)),
      typeof start === 'string' ? start : undefined,
    )
    if (value === undefined) continue // it is no number any more: a later write replaced it
    const counts = [...(offeredHere ? totals(base.counts.get(path)) : []), ...ahead.map(({ root, n, sum }) => ({ root, n, sum }))]
    if (counts.length > 0) leaves.push({ path, value, counts })
  }
  return leaves
}

/** Its additions are known there, and no write of it or above it that would not be known here: somebody past us has taken it away. */
function isSumGoneThere(local: Entry, remote: Entry, path: Pointer): boolean {
  if (!remote.live || !remote.counts.has(path)) return false
  if (!hasNothing(remote, path) || typeof valueAt(local.tree, path) !== 'string') return false
  return [...prefixesOf(path)].every((at) => {
    const stamp = remote.stamps.get(at)
    return stamp === undefined || hasStamp(local, at, stamp)
  })
}

/** As a change has them. */
export const totals = (counts: ReadonlyMap<string, Count> | undefined): { root: string; n: number; sum: string }[] =>
  [...(counts ?? [])].map(([root, count]) => ({ root, ...count }))

/** What these counts have, and those have not. */
export function countsAhead(
  counts: ReadonlyMap<string, Count> | undefined,
  than: ReadonlyMap<string, Count> | undefined,
): { root: string; n: number; sum: string; delta: string }[] {
  return totals(counts).flatMap((count) => {
    const known = than?.get(count.root) ?? { n: 0, sum: '0' }
    if (known.n >= count.n) return []
    return [{ ...count, delta: addNumbers(count.sum, negate(known.sum)) ?? '0' }]
  })
}

/** Lists that are merged by id: the records of an agent. */
const LISTS: readonly { path: Pointer; keep: number }[] = [{ path: '/context/records', keep: 20 }]

export const mergedListAt = (path: Pointer): (typeof LISTS)[number] | undefined => LISTS.find((list) => list.path === path)

export const isMergedList = (path: Pointer): boolean => LISTS.some((list) => isWithin(path, list.path))

function missingListEntries(sides: Sides, remote: Entry, offered: readonly ChangedLeaf[]): NonNullable<Draft['inserts']> {
  const { local } = sides
  const deletedHere = !local.live
  return LISTS.flatMap(({ path, keep }) => {
    if (deletedHere) return []
    const offeredHere = offered.some((leaf) => leaf.path === path)
    const known = new Set((offeredHere ? listAt(local.tree, path) : listAt(remote.tree, path)).map((entry) => entry.id))
    const source = offeredHere ? listAt(remote.tree, path) : listAt(local.tree, path)
    return source.filter((entry) => !known.has(entry.id)).map((entry) => ({ path, value: entry.text, keep }))
  })
}
