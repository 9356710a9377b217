/** Whether a context.json is of this root: made from something that was shown here, or that its sequencer has numbered. */
import type { TreeMap } from '../domain/json.js'
import type { Pointer } from '../domain/pointer.js'
import type { Replica } from '../domain/replica.js'
import { valueAt } from '../domain/tree.js'
import type { Version } from '../store/root.js'
import type { Ports } from './ports.js'

/** What an edited text may have been made from. */
export interface Base {
  /** That it shows. */
  rev: number | undefined
  /** The version with this revision. */
  base: { version: Version; document: TreeMap } | undefined
  last: { version: Version; document: TreeMap } | null
  replica: Replica
}

/**
 * The file of another root, or of what stood here before a backup was put back: its author cannot have seen what is here, whatever its
 * revision is. Redis counts from the milliseconds since 2020 and files from 0, so that a foreign one may be above all that is known, or
 * between two lineages.
 */
export async function isForeign({ root }: Pick<Ports, 'root'>, document: TreeMap, { rev, base, last, replica }: Base): Promise<boolean> {
  if (last === null || last.version.rev < 0) return false // nothing was shown here: it is the first contact
  const own = (base ?? last).document
  // Who only moves the root, by hand, leaves the time of the last write as it was.
  if (differs(own, document, HOME) && differs(own, document, LAST_UPDATE)) return true
  if (rev === undefined || base !== undefined) return false
  // While writes wait, each counts one: these revisions were shown, and no change has them.
  if (rev >= replica.rev && rev <= last.version.rev) return false
  return !(await root.history.after(rev - 1)).some((change) => change.rev === rev || change.prev === rev)
}

/** A context says which root it began in. */
const HOME = '/paths/sot'
const LAST_UPDATE = '/last_update'

function differs(own: TreeMap, document: TreeMap, path: Pointer): boolean {
  const [was, is] = [valueAt(own, path), valueAt(document, path)]
  return was !== undefined && is !== undefined && was !== is
}
