/**
 * Nothing is left of both saved states of a root. context.json is taken over as at the first contact then, and what this root has numbered
 * itself goes on from the journal: what the file shows is not done once more, what it does not show is not dropped.
 */
import { agentOf, type Change, CONTEXT, type Edit, isVoid, type Operation } from '../domain/operation.js'
import { touchesRecord } from '../domain/entry.js'
import { advance, remember } from '../domain/replica.js'
import { baseInFile } from './file-in.js'
import type { Ports } from './ports.js'
import type { RootCopy } from './root-copy.js'

const isInFile = ({ target }: Change): boolean => target === CONTEXT || agentOf(target) !== undefined

/** Items stand in the journal alone. Returns what may stand in the file as well. */
export function goOnWithItems({ replica }: RootCopy, numbered: readonly Change[]): Change[] {
  for (const change of numbered) if (!isInFile(change)) advance(replica, change)
  return numbered.filter(isInFile)
}

/**
 * As long as it is known which versions of the file are ours. Where nobody can tell what it shows, each record is as the changes that are
 * left make it: what counts is what they came to, and no sum is counted twice. Of what comes behind that which it shows the operations go on.
 */
export async function goOnBesideFile(ports: Ports, { replica, open, rootId }: RootCopy, numbered: readonly Change[]): Promise<void> {
  const base = numbered.length === 0 ? null : await baseInFile(ports, replica)
  for (const change of numbered) {
    if (base === null) advance(replica, change)
    else if (change.rev <= base || !touchesRecord(change)) remember(replica, change)
    else if (!open.has(change.id)) open.add({ op: asOperation(change, rootId) })
  }
  open.settle(replica)
}

/** What was added is in the value that it came to. */
function asOperation({ id, t, target, kind, leaves, inserts = [], prev, epoch, by, digest }: Change, root: string): Operation {
  const edits: Edit[] = [
    ...leaves.filter((leaf) => !isVoid(leaf)).map(({ path, value }): Edit => (value === null ? { do: 'delete', path } : { do: 'set', path, value })),
    ...inserts.map(({ path, value, keep }): Edit => ({ do: 'insert', path, value, keep })),
  ]
  return { id, t, target, kind, edits, base: prev, baseEpoch: epoch, by, root, ...(digest !== undefined && { digest }) }
}
