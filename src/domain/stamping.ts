/** What the leaves of one change do to stamps: the same for a record in memory and for its hash in Redis. */
import type { Pointer } from './pointer.js'
import { prefixesOf } from './path-index.js'
import type { ChangedLeaf } from './operation.js'

/** Stamps that a change gives, in the order of its leaves: one that replaces what another of the same change has stamped comes after it. */
export class Stamping<T> {
  /** Pointers whose stamps from before the change go, with everything below them. */
  readonly dropped = new Set<Pointer>()
  readonly stamped = new Map<Pointer, T>()
  /** Pointers that contain one that is stamped: only a leaf at one of these can replace any. */
  private readonly above = new Set<Pointer>()

  /** Additions stamp nothing; nor does the record itself, of which a stamp says when it was deleted. */
  take({ path, value, counts }: ChangedLeaf, stamp: T): void {
    if (counts !== undefined || (path === '' && value !== null)) return
    if (value !== '{}') {
      this.dropped.add(path)
      if (this.above.has(path)) this.replaceBelow(path)
    }
    this.stamped.set(path, stamp)
    for (const prefix of prefixesOf(path)) {
      if (prefix === path) continue
      if (this.above.has(prefix)) break // and so are all above it
      this.above.add(prefix)
    }
  }

  private replaceBelow(path: Pointer): void {
    for (const below of this.stamped.keys()) if (path === '' || below.startsWith(`${path}/`)) this.stamped.delete(below)
  }
}
