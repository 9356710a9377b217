/** Which of many pointers overlap another one. */
import { isWithin, type Pointer } from './pointer.js'

/** A map by pointers, or a set of them. */
interface Pointers {
  has(path: Pointer): boolean
  keys(): Iterable<Pointer>
}

/** For so many questions it is cheaper to look at each pointer than to bring them all into an order. */
const FEW = 8

/** Pointers that stay as they are while they are asked for those that overlap another one: many questions take the time of their answers, not of the set. */
export class PathIndex {
  private ordered: readonly Pointer[] | undefined
  private asked = 0

  constructor(private readonly all: Pointers) {}

  has(pointer: Pointer): boolean {
    return this.all.has(pointer)
  }

  /** The pointer itself and what contains it, as far as it is in the set; the empty pointer contains all. */
  *containing(pointer: Pointer): Generator<Pointer, void, undefined> {
    for (const path of prefixesOf(pointer)) if (this.all.has(path)) yield path
  }

  /** What lies below the pointer, itself left out. */
  *below(pointer: Pointer): Generator<Pointer, void, undefined> {
    const prefix = `${pointer}/`
    if (this.ordered === undefined && ++this.asked <= FEW) {
      for (const path of this.all.keys()) if (path.startsWith(prefix)) yield path
      return
    }
    this.ordered ??= [...this.all.keys()].sort()
    for (let at = firstFrom(this.ordered, prefix); at < this.ordered.length && this.ordered[at]!.startsWith(prefix); at++) yield this.ordered[at]!
  }

  *overlapping(pointer: Pointer): Generator<Pointer, void, undefined> {
    yield* this.containing(pointer)
    yield* this.below(pointer)
  }
}

/** Place of the first pointer that is not before `text`. */
function firstFrom(ordered: readonly Pointer[], text: string): number {
  let [low, high] = [0, ordered.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ordered[middle]! < text) low = middle + 1
    else high = middle
  }
  return low
}

/** The pointer and each that contains it, the longest first: `/a/b`, `/a`, and the empty one. */
export function* prefixesOf(pointer: Pointer): Generator<Pointer, void, undefined> {
  for (let path = pointer; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) yield path
  yield ''
}

/**
 * Removes from `known` what lies within one of `replaced`, in one pass. A few are looked for in each pointer; for a change with
 * 100,000 leaves it is each pointer, and what contains it, that is looked for among them.
 */
export function deleteWithin<T>(known: Map<Pointer, T>, replaced: ReadonlySet<Pointer>): void {
  if (replaced.size === 0) return
  const few = replaced.size > FEW ? undefined : [...replaced]
  for (const path of known.keys()) if (few?.some((outer) => isWithin(path, outer)) ?? isWithinOne(path, replaced)) known.delete(path)
}

/** The pointer itself, or one that contains it, is among them. */
export function isWithinOne(path: Pointer, replaced: ReadonlySet<Pointer>): boolean {
  for (const prefix of prefixesOf(path)) if (replaced.has(prefix)) return true
  return false
}
