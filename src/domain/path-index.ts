/** A fixed set of pointers, asked for those that overlap another one: in the time of the answer, not of the set. */
import type { Pointer } from './pointer.js'

export class PathIndex {
  private readonly all: ReadonlySet<Pointer>
  private readonly ordered: readonly Pointer[]

  constructor(paths: Iterable<Pointer>) {
    this.all = new Set(paths)
    this.ordered = [...this.all].sort()
  }

  /** The pointer itself and what contains it, as far as it is in the set; the empty pointer contains all. */
  *containing(pointer: Pointer): Generator<Pointer, void, undefined> {
    for (const path of prefixesOf(pointer)) if (this.all.has(path)) yield path
  }

  /** What lies below the pointer, itself left out. */
  *below(pointer: Pointer): Generator<Pointer, void, undefined> {
    const prefix = `${pointer}/`
    for (let at = this.firstFrom(prefix); at < this.ordered.length && this.ordered[at]!.startsWith(prefix); at++) yield this.ordered[at]!
  }

  *overlapping(pointer: Pointer): Generator<Pointer, void, undefined> {
    yield* this.containing(pointer)
    yield* this.below(pointer)
  }

  /** Place of the first pointer that is not before `text`. */
  private firstFrom(text: string): number {
    let [low, high] = [0, this.ordered.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.ordered[middle]! < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The pointer and each that contains it, the longest first: `/a/b`, `/a`, and the empty one. */
export function* prefixesOf(pointer: Pointer): Generator<Pointer, void, undefined> {
  for (let path = pointer; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) yield path
  yield ''
}

/**
 * Removes from `known` what lies within one of `replaced`, in one pass. For a few it is cheaper to look at each; for a change with
 * 100,000 leaves that would be 100,000 passes.
 */
export function deleteWithin<T>(known: Map<Pointer, T>, replaced: ReadonlySet<Pointer>): void {
  if (replaced.size === 0) return
  for (const path of known.keys()) {
    for (const prefix of prefixesOf(path)) {
      if (!replaced.has(prefix)) continue
      known.delete(path)
      break
    }
  }
}
