/**
 * What a root brings to a lineage that does not contain all it knows: an emptied or rolled-back Redis, a first contact, a host
 * back after a week. A merge of stamped leaves, never an overwrite.
 */
import { type Entry, emptyEntry, hasStamp, listAt } from './entry.js'
import { formatLine, type TreeMap } from './json.js'
import { contains, type Contains, isNewer, sameStamp } from './lineage.js'
import { addAll } from './lists.js'
import { countedAndGone, type KnownSides, missingCounts } from './merge-counts.js'
import type { ChangedLeaf, Draft, Lost, Stamp } from './operation.js'
import { PathIndex, prefixesOf } from './path-index.js'
import { isWithin, type Pointer } from './pointer.js'
import { hasNothing, placesIn, valueAt } from './tree.js'

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
  const both = { ...sides, remote, index: new PathIndex(remote.stamps), counted: new PathIndex(remote.counts) }
  for (const [path, stamp] of ancestorsFirst(sides.local.stamps)) offerLeaf(both, path, stamp, offer)
  const deletion = remote.stamps.get('')
  if (deletion !== undefined && !contains(sides.localContains, deletion)) {
    // Deleted there meanwhile: what was counted and listed before belongs to the record that is gone.
    return { leaves: asTheyStand(offer.leaves, sides.local.tree), ...(offer.lost.length > 0 && { lost: offer.lost }) }
  }
  const counts = missingCounts(both, offer.leaves)
  const inserts = missingListEntries(sides, remote, offer.leaves)
  const lost = [...offer.lost, ...counts.lost]
  return {
    leaves: asTheyStand([...offer.leaves, ...counts.leaves], sides.local.tree),
    ...(inserts.length > 0 && { inserts }),
    ...(lost.length > 0 && { lost }),
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

type BothSides = Sides & KnownSides

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
    // Of the same time there: mostly one write that was done in both lineages, and something may have come after it.
    const isLater = isNewer(other, stamp) || (at === path && other.t === stamp.t && !sameStamp(other, stamp))
    if (!contains(sides.localContains, other) && isLater) {
      const kept = path === '' && !remote.live ? undefined : valueAt(remote.tree, path)
      const standing = kept === undefined ? null : formatLine(kept)
      const isBroughtAsSum = stamp.t === 0 && local.counts.has(path) // what a context begins with, and additions: those come with their counts
      if (standing !== text && !isBroughtAsSum) offer.lost.push({ path, lost: text, kept: standing })
      return
    }
  }
  if (path !== '' || text === null) offer.leaves.push({ path, value: text, stamp })
  if (keepsBelow) addAll(offer.leaves, deletedBelow(sides, path, stamp))
}

/** The change that wrote it is known there, and no later one of it, and yet there is no value: somebody past us has taken it away. */
const isGoneThere = (local: Entry, remote: Entry, path: Pointer, stamp: Stamp): boolean =>
  path !== '' && remote.live && hasStamp(remote, path, stamp) && hasNothing(remote.tree, path) && valueAt(local.tree, path) !== undefined

/** Leaves that the remote side still has below `path`, although this side had seen them, and all that stands in them, and has them no more. */
function deletedBelow(sides: BothSides, path: Pointer, stamp: Stamp): ChangedLeaf[] {
  const gone: ChangedLeaf[] = []
  const isKnown = (at: Pointer): boolean => contains(sides.localContains, sides.remote.stamps.get(at)!)
  for (const at of sides.index.below(path)) {
    if (valueAt(sides.remote.tree, at) === undefined || valueAt(sides.local.tree, at) !== undefined) continue
    if (isKnown(at) && [...sides.index.below(at)].every(isKnown)) {
      gone.push({ path: at, value: null, stamp })
    }
  }
  addAll(gone, countedAndGone(sides, path).map((at): ChangedLeaf => ({ path: at, value: null, stamp })))
  return gone
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
