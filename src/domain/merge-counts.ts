/**
 * What roots have added to leaves, at a join. Additions stamp nothing: counts say which of them a value has in it. Where a leaf was deleted or
 * replaced, its counts are brought without a value, so that what is gone is not added again by whoever had not heard of that.
 */
import { type Count, type Entry, hasStamp } from './entry.js'
import { formatLine, type Tree } from './json.js'
import { contains, type Contains } from './lineage.js'
import { addNumbers, negate } from './number.js'
import type { ChangedLeaf, Lost } from './operation.js'
import { PathIndex, prefixesOf } from './path-index.js'
import { isWithin, type Pointer } from './pointer.js'
import { hasNothing, leafAbove, valueAt } from './tree.js'

export interface KnownSides {
  local: Entry
  localContains: Contains
  remote: Entry
  /** Of the remote stamps. */
  index: PathIndex
  /** Of the remote counts. */
  counted: PathIndex
}

export interface CountsOffer {
  leaves: ChangedLeaf[]
  /** Additions that have no number to go to. */
  lost: Lost[]
}

/** What was counted here and not there, as additions to the value that will stand there when what is offered does. */
export function missingCounts(sides: KnownSides, offered: readonly ChangedLeaf[]): CountsOffer {
  const { local, remote } = sides
  const offer: CountsOffer = { leaves: [], lost: [] }
  if (!local.live) return offer // what was counted is gone with the record
  const isSettledHere = settledBy(sides, offered)
  for (const path of new Set([...local.counts.keys(), ...remote.counts.keys()])) {
    const isOurs = isSettledHere(path) || isSumGoneThere(local, remote, path) || hasGivenWay(sides, path)
    const [base, other] = isOurs ? [local, remote] : [remote, local]
    const ahead = countsAhead(other.counts.get(path), base.counts.get(path))
    if (ahead.length === 0 && (!isOurs || isSameThere(local, remote, path))) continue
    const counts = [...(isOurs ? totals(base.counts.get(path)) : []), ...ahead.map(({ root, n, sum }) => ({ root, n, sum }))]
    const added = isOurs || !isReplaced(local, path) ? ahead : []
    const sum = added.length === 0 ? undefined : sumAt(base, path, added)
    const standing = valueAt(base.tree, path)
    if (added.length > 0 && sum === undefined) offer.lost.push({ path, lost: sumOf('0', added) ?? null, kept: textOf(standing) })
    const value = sum ?? (typeof standing === 'object' ? '{}' : (standing ?? null))
    // What is no number there may be a legacy program's, of which a change is to be made yet.
    const isNoSum = !isOurs && (isText(standing) || leafAbove(remote.tree, path) !== undefined)
    if (counts.length > 0 && !isNoSum) offer.leaves.push({ path, value, counts })
  }
  return offer
}

/** Whether what is offered decides what will stand at a pointer. */
function settledBy(sides: KnownSides, offered: readonly ChangedLeaf[]): (path: Pointer) => boolean {
  const values = new Map(offered.map(({ path, value }) => [path, value]))
  const given = new PathIndex(values)
  const settles = (at: Pointer, path: Pointer): boolean => {
    const value = values.get(at)!
    if (at === path) return true
    if (!isWithin(path, at)) return value !== null
    return value !== '{}' || !isNewsWithin(sides, path, at)
  }
  return (path) => [...given.overlapping(path)].some((at) => settles(at, path))
}

/** An empty object keeps what stands in it, and there somebody may have written what this side has not heard of. */
function isNewsWithin({ localContains, remote, index }: KnownSides, path: Pointer, outer: Pointer): boolean {
  return [...index.overlapping(path)].some((at) => at !== outer && isWithin(at, outer) && !contains(localContains, remote.stamps.get(at)!))
}

/** Numbers below `outer` that the remote side still has, although this side knows what was added to them, and has them no more. */
export const countedAndGone = (sides: KnownSides, outer: Pointer): Pointer[] =>
  [...sides.counted.below(outer)].filter(
    (path) =>
      sides.local.counts.has(path) &&
      valueAt(sides.remote.tree, path) !== undefined &&
      valueAt(sides.local.tree, path) === undefined &&
      !isNewsWithin(sides, path, outer),
  )

/** Its additions are known there, and no write of it or above it that would not be known here: somebody past us has taken it away. */
function isSumGoneThere(local: Entry, remote: Entry, path: Pointer): boolean {
  if (!remote.live || !remote.counts.has(path)) return false
  if (!hasNothing(remote.tree, path) || typeof valueAt(local.tree, path) !== 'string') return false
  return [...prefixesOf(path)].every((at) => {
    const stamp = remote.stamps.get(at)
    return stamp === undefined || hasStamp(local, at, stamp)
  })
}

/** A value on the way there that this side knows: what was added to here came after it. */
function hasGivenWay({ local, localContains, remote }: KnownSides, path: Pointer): boolean {
  if (typeof valueAt(local.tree, path) !== 'string' || leafAbove(remote.tree, path) === undefined) return false
  const at = [...prefixesOf(path)].find((prefix) => typeof valueAt(remote.tree, prefix) === 'string')
  const stamp = at === undefined ? undefined : remote.stamps.get(at)
  return stamp !== undefined && contains(localContains, stamp)
}

function isSameThere(local: Entry, remote: Entry, path: Pointer): boolean {
  if (countsAhead(local.counts.get(path), remote.counts.get(path)).length > 0) return false
  return textOf(valueAt(local.tree, path)) === textOf(valueAt(remote.tree, path))
}

const isText = (value: Tree | undefined): boolean => typeof value === 'string' && addNumbers(value, '0') === undefined

/** A write that has seen what was counted here has left no number. Where no write says so, a program past us has taken it away. */
function isReplaced({ tree, stamps }: Entry, path: Pointer): boolean {
  const standing = valueAt(tree, path)
  if (standing !== undefined) return typeof standing === 'object' || isText(standing)
  return leafAbove(tree, path) !== undefined || [...prefixesOf(path)].some((at) => stamps.has(at))
}

/** Undefined: what stands there, or on the way, is no number. */
function sumAt({ tree }: Entry, path: Pointer, added: readonly { delta: string }[]): string | undefined {
  const start = hasNothing(tree, path) ? '0' : valueAt(tree, path)
  return typeof start === 'string' ? sumOf(start, added) : undefined
}

const sumOf = (start: string, added: readonly { delta: string }[]): string | undefined =>
  added.reduce<string | undefined>((sum, { delta }) => (sum === undefined ? undefined : addNumbers(sum, delta)), start)

const textOf = (value: Tree | undefined): string | null => (value === undefined ? null : formatLine(value))

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
