/** A change as it is told to watchers: the name of the event, and what changed as a merge patch. */
import { deletesRecord } from './entry.js'
import { setLeaf, mergePatchOf } from './tree.js'
import { parseTree, type Tree } from './json.js'
import { agentOf, type Draft, isOfTasks, isVoid } from './operation.js'
import { isWithin } from './pointer.js'

/** Of changes: they are in the history, and told to watchers. */
export const CHANGE_EVENTS = ['agent_update', 'context_update', 'task_update', 'lock', 'conflict'] as const
export type ChangeEvent = (typeof CHANGE_EVENTS)[number]

/**
 * What became of a lease is a lock; a change in which a value lost is a conflict; one of an agent's context a context_update; the rest of a record, agent_update;
 * one of a work item, task_update.
 */
export function eventNameOf(change: Draft): ChangeEvent {
  if (change.lease !== undefined) return 'lock'
  if (change.lost !== undefined && change.lost.length > 0) return 'conflict'
  if (isOfTasks(change.target)) return 'task_update'
  if (agentOf(change.target) === undefined) return 'context_update'
  if (deletesRecord(change)) return 'agent_update'
  const paths = [...change.leaves, ...(change.inserts ?? [])].map(({ path }) => path)
  return paths.some((path) => isWithin(path, '/context')) ? 'context_update' : 'agent_update'
}

/**
 * The change as a merge patch (RFC 7386) of the record, or of the context; null for a deletion. Of a list, only the entries
 * that were added.
 */
export function eventDataOf(change: Draft): Tree {
  if (change.lease !== undefined) return parseTree(JSON.stringify(change.lease))
  if (deletesRecord(change)) return 'null'
  const patch = mergePatchOf(change.leaves.filter((leaf) => !isVoid(leaf)))
  const added = new Map<string, string[]>()
  for (const { path, value } of change.inserts ?? []) added.set(path, [...(added.get(path) ?? []), value])
  for (const [path, entries] of added) setLeaf(patch, path, `[${entries.join(',')}]`)
  return patch
}
