/** Reading and changing a document by pointer, and the difference of two documents as leaves. */
import { type Tree, type TreeMap } from './json.js'
import { addAll } from './lists.js'
import { formatPointer, parsePointer, type Pointer } from './pointer.js'

/** A leaf and its value: JSON text (`{}` for an empty object), or null where it is deleted. */
export interface LeafEdit {
  path: Pointer
  value: string | null
}

export function valueAt(map: TreeMap, pointer: Pointer): Tree | undefined {
  let node: Tree | undefined = map
  for (const segment of parsePointer(pointer)) {
    if (typeof node !== 'object') return undefined
    node = node.get(segment)
  }
  return node
}

/** The leaf that stands on the way to the pointer, where an object would have to be. */
export function leafAbove(map: TreeMap, pointer: Pointer): string | undefined {
  let node: Tree | undefined = map
  for (const segment of parsePointer(pointer)) {
    if (typeof node === 'string') return node
    node = node?.get(segment)
  }
  return undefined
}

/** Neither a value there, nor one on the way. */
export const hasNothing = (map: TreeMap, pointer: Pointer): boolean =>
  valueAt(map, pointer) === undefined && leafAbove(map, pointer) === undefined

/**
 * Sets a leaf. What stands in the way (a scalar where an object is needed) gives way, as in a merge patch (RFC 7386).
 * `{}` makes sure that there is an object and keeps one that is there; any other value replaces what was there.
 */
export function setLeaf(map: TreeMap, pointer: Pointer, value: string): void {
  const segments = parsePointer(pointer)
  const last = segments.pop()
  if (last === undefined) return // the record itself: that it exists is all there is to say
  let node = map
  for (const segment of segments) {
    const next = node.get(segment)
    if (typeof next === 'object') node = next
    else {
      const made: TreeMap = new Map()
      node.set(segment, made)
      node = made
    }
  }
  if (value !== '{}') node.set(last, value)
  else if (typeof node.get(last) !== 'object') node.set(last, new Map())
}

/** Deletes what the pointer names, with everything below it; the empty pointer empties the record. */
export function deleteAt(map: TreeMap, pointer: Pointer): void {
  const segments = parsePointer(pointer)
  const last = segments.pop()
  if (last === undefined) {
    map.clear()
    return
  }
  let node: Tree | undefined = map
  for (const segment of segments) node = typeof node === 'object' ? node.get(segment) : undefined
  if (typeof node === 'object') node.delete(last)
}

/**
 * A tree with changes, beside the one that was given, which stays as it is; they share what does not change. Each object is
 * copied once, however much is changed in it.
 */
export class TreeCopy {
  private readonly own = new Set<TreeMap>()

  constructor(public top: TreeMap) {
    this.top = this.ownCopy(top)
  }

  set(pointer: Pointer, value: string): void {
    this.copyAlong(pointer)
    setLeaf(this.top, pointer, value)
  }

  delete(pointer: Pointer): void {
    this.copyAlong(pointer)
    deleteAt(this.top, pointer)
  }

  private copyAlong(pointer: Pointer): void {
    let node = this.top
    for (const segment of parsePointer(pointer).slice(0, -1)) {
      const next = node.get(segment)
      if (typeof next !== 'object') return
      const own = this.own.has(next) ? next : this.ownCopy(next)
      if (own !== next) node.set(segment, own)
      node = own
    }
  }

  private ownCopy(map: TreeMap): TreeMap {
    const copy = new Map(map)
    this.own.add(copy)
    return copy
  }
}

export function applyEdits(map: TreeMap, edits: Iterable<LeafEdit>): void {
  for (const { path, value } of edits) {
    if (value === null) deleteAt(map, path)
    else setLeaf(map, path, value)
  }
}

/** Every leaf of a tree, in document order; an empty object is a leaf with the value `{}`. */
export function leavesOf(tree: Tree, at: Pointer = ''): LeafEdit[] {
  if (typeof tree === 'string') return [{ path: at, value: tree }]
  if (tree.size === 0) return [{ path: at, value: '{}' }]
  return [...tree].flatMap(([key, value]) => leavesOf(value, at + formatPointer([key])))
}

/** Every pointer that leads to something, with its place in document order: an object, the record first, before what is in it. */
export function placesIn(tree: TreeMap): Map<Pointer, number> {
  const places = new Map<Pointer, number>([['', 0]])
  const take = (map: TreeMap, at: Pointer): void => {
    for (const [key, value] of map) {
      const path = at + formatPointer([key])
      places.set(path, places.size)
      if (typeof value === 'object') take(value, path)
    }
  }
  take(tree, '')
  return places
}

/** The edits that lead from one document to another. Applied to `from` they give `to`, but for key order. */
export function diffTrees(from: TreeMap, to: TreeMap, at: Pointer = ''): LeafEdit[] {
  const edits: LeafEdit[] = []
  for (const key of from.keys()) if (!to.has(key)) edits.push({ path: at + formatPointer([key]), value: null })
  for (const [key, after] of to) addAll(edits, diffValues(from.get(key), after, at + formatPointer([key])))
  return edits
}

export function diffValues(before: Tree | undefined, after: Tree, path: Pointer): LeafEdit[] {
  if (before === after) return []
  if (typeof before === 'object' && typeof after === 'object') return diffTrees(before, after, path)
  return leavesOf(after, path)
}

/** The merge patch that says the same as the edits; a deletion is a null. */
export function mergePatchOf(edits: Iterable<LeafEdit>): TreeMap {
  const patch: TreeMap = new Map()
  for (const { path, value } of edits) setLeaf(patch, path, value ?? 'null')
  return patch
}
