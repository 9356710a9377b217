/** Records that are to be compared with what changes say of them, until a round has come to them. */
import type { Target } from '../domain/operation.js'

export class DueRecords {
  /** Somebody has touched them, or they were ahead of the replica. */
  readonly touched = new Set<Target>()
  /** Some were noted, and no round has come to them. */
  areOwed = false
  /** All are, and which these are is to be asked. */
  areAll = false
  /** Of all, these still. */
  private rest: readonly Target[] = []

  note(touched: Iterable<Target> | 'all'): void {
    this.areOwed = true
    if (touched === 'all') this.areAll = true
    else for (const target of touched) this.touched.add(target)
  }

  /** These are all. Those that are left of the last time come first: whatever ends rounds early, they have their turn. */
  take(all: readonly Target[]): void {
    this.rest = [...new Set([...this.rest, ...all])]
    this.areAll = false
  }

  /** What is next of all: so many, or fewer. They are left until they are dropped. */
  portion(count: number): readonly Target[] {
    return this.rest.slice(0, count)
  }

  drop(count: number): void {
    this.rest = this.rest.slice(count)
  }

  get isScanning(): boolean {
    return this.rest.length > 0
  }
}
