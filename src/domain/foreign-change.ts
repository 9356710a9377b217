/**
 * How a record that stands in a store differs from what the changes say: a program past us has written there. What it took away comes back as
 * it was, with its stamp; what it wrote is to become a change.
 */
import { type Entry, listAt } from './entry.js'
import type { TreeMap } from './json.js'
import { mergedListAt } from './merge.js'
import { totals } from './merge-counts.js'
import type { ChangedLeaf, Draft } from './operation.js'
import type { Pointer } from './pointer.js'
import { diffTrees, leavesOf, valueAt } from './tree.js'

export type ForeignChange = Required<Pick<Draft, 'leaves' | 'inserts'>>

export function foreignChange(known: Entry | undefined, standing: TreeMap): ForeignChange {
  const change: ForeignChange = { leaves: [], inserts: [] }
  if (known === undefined) return change
  for (const leaf of diffTrees(known.tree, standing)) {
    for (const each of leaf.value === null ? leavesWithin(known, leaf.path) : [leaf]) {
      const inserts = listedApart(each.path, known.tree, standing)
      if (inserts.length > 0) change.inserts.push(...inserts)
      else change.leaves.push(leaf.value === null ? broughtBack(known, each) : each)
    }
  }
  return change
}

const leavesWithin = ({ tree }: Entry, path: Pointer): ChangedLeaf[] =>
  leavesOf(tree).filter((leaf) => leaf.path === path || leaf.path.startsWith(`${path}/`))

/** A sum comes back with what it is made of: as a value it would replace, after a loss, what was added to it since. */
function broughtBack({ stamps, counts }: Entry, { path, value }: ChangedLeaf): ChangedLeaf {
  const [stamp, byRoot] = [stamps.get(path), counts.get(path)]
  if (stamp === undefined && byRoot !== undefined) return { path, value, counts: totals(byRoot) }
  return stamp === undefined ? { path, value } : { path, value, stamp }
}

/** Of a list that is merged by id, the entries that only one side has, or that the program has changed: a list as a value would take entries away. */
function listedApart(path: Pointer, known: TreeMap, standing: TreeMap): ForeignChange['inserts'] {
  const list = mergedListAt(path)
  const value = valueAt(standing, path)
  if (list === undefined || (value !== undefined && !(typeof value === 'string' && value.startsWith('[')))) return []
  const [ours, theirs] = [listAt(known, path), listAt(standing, path)]
  const texts = new Map(ours.map(({ id, text }) => [id, text]))
  const present = new Set(theirs.map(({ id }) => id))
  const apart = [...ours.filter(({ id }) => !present.has(id)), ...theirs.filter(({ id, text }) => texts.get(id) !== text)]
  const keep = Math.max(list.keep, ours.length, theirs.length) // of a list that is longer, a program has made it so
  return apart.map(({ text }) => ({ path, value: text, keep }))
}
