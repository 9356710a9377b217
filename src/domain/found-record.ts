/**
 * A record that stands in a store whose roster does not know it: a legacy program made it after a loss, the store came back older than
 * our first write, or the roster alone was lost.
 */
import { type Count, type Entry } from './entry.js'
import { formatLine, type TreeMap } from './json.js'
import type { Offer } from './merge.js'
import { countsAhead, totals } from './merge-counts.js'
import { addNumbers } from './number.js'
import { type ChangedLeaf, isVoid, type Lost } from './operation.js'
import { overlaps, type Pointer } from './pointer.js'
import { timeIn } from './time.js'
import { leafAbove, valueAt } from './tree.js'

/** A record says when it was written before its write is stamped. */
const STAMPED_WITHIN_MS = 1_000

/** When it was written, as it says itself, ms; 0: it does not say. */
export function timeOfRecord(tree: TreeMap): number {
  const member = tree.get('last_update') ?? tree.get('last_seen')
  return (typeof member === 'string' ? timeIn(String(JSON.parse(member))) : undefined) ?? 0
}

/**
 * What of an offer goes to a record that was found. What is missing there was never seen by its writer, and is brought, as where a
 * legacy program overwrites a context. What is the same gets its stamp back, or else the next loss would take it for good. What differs is newer
 * than what we bring, unless the record says that it is older; the loser is told.
 */
export function offerToFound(offer: Offer, found: Entry): Offer {
  const time = timeOfRecord(found.tree)
  const isNewer = ({ stamp }: ChangedLeaf): boolean => time > 0 && (stamp?.t ?? 0) > time + STAMPED_WITHIN_MS
  const lost: Lost[] = [...(offer.lost ?? [])]
  const leaves: ChangedLeaf[] = []
  const replaced = new Set<Pointer>()
  for (const leaf of offer.leaves) {
    const { path, value, counts } = leaf
    const standing = standingAt(found.tree, path)
    if (standing === undefined || replaced.has(path)) leaves.push(leaf)
    else if (isVoid(leaf)) {
      if ([...replaced].some((at) => overlaps(at, path))) leaves.push(leaf) // else what stands there is no sum of ours
    } else if (counts !== undefined && isNumberAt(found.tree, path)) leaves.push(addedTo(found, path, standing, counts))
    else if (standing === value || (value === '{}' && isObjectAt(found.tree, path))) leaves.push(leaf)
    else if (isNewer(leaf)) {
      leaves.push(leaf)
      replaced.add(path)
      lost.push({ path, lost: standing, kept: value })
    } else lost.push({ path, lost: value, kept: standing })
  }
  return { ...offer, leaves, ...(lost.length > 0 && { lost }) }
}

/** To write an empty object keeps one that is there. */
const isObjectAt = (tree: TreeMap, path: Pointer): boolean => path !== '' && typeof valueAt(tree, path) === 'object'

/** At the pointer, or in the way to it. */
function standingAt(tree: TreeMap, path: Pointer): string | undefined {
  const value = path === '' ? tree : valueAt(tree, path)
  return value === undefined ? leafAbove(tree, path) : formatLine(value)
}

function isNumberAt(tree: TreeMap, path: Pointer): boolean {
  const value = valueAt(tree, path)
  return typeof value === 'string' && addNumbers(value, '0') !== undefined
}

/**
 * Additions have a value to go to already. Where the counts of it are lost, those that we know of are taken to be in it: each root would
 * add all of them else.
 */
function addedTo(found: Entry, path: Pointer, standing: string, counts: NonNullable<ChangedLeaf['counts']>): ChangedLeaf {
  const known = found.counts.get(path)
  const ours = new Map(counts.map(({ root, n, sum }): [string, Count] => [root, { n, sum }]))
  const ahead = known === undefined ? [] : countsAhead(ours, known)
  const value = ahead.reduce((sum, { delta }) => addNumbers(sum, delta) ?? sum, standing)
  const all = new Map([...ours, ...(known ?? [])])
  for (const { root, n, sum } of ahead) all.set(root, { n, sum })
  return { path, value, counts: totals(all) }
}

/** The leaves of a found record, to be taken over: with the counts that are told of it, so that no root adds them again. */
export const leavesOfFound = (leaves: readonly ChangedLeaf[], { counts }: Entry): ChangedLeaf[] =>
  leaves.flatMap((leaf) => {
    const byRoot = counts.get(leaf.path)
    return byRoot === undefined ? [leaf] : [leaf, { ...leaf, counts: totals(byRoot) }]
  })
