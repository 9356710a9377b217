/** What a writer asks for (an operation), and what became of it (a change). Both are plain JSON values. */
import type { LeaseEvent } from './lease.js'
import type { LeafEdit } from './tree.js'
import type { Pointer } from './pointer.js'

/**
 * `agent:<name>`, `context` for the other top-level members of the document, `task:<id>` for a work item, or `tasks` for
 * what is known of the list of items as a whole; of changes only, `lease:<name>`. Items are no part of the document.
 */
export type Target = string

export const CONTEXT: Target = 'context'
export const TASK_LIST: Target = 'tasks'
export const agentTarget = (name: string): Target => `agent:${name}`
/** The agent's name, or undefined for `context`. */
export const agentOf = (target: Target): string | undefined =>
  target.startsWith('agent:') ? target.slice('agent:'.length) : undefined

export const taskTarget = (id: string): Target => `task:${id}`
/** The id of the item, or undefined for any other target. */
export const taskOf = (target: Target): string | undefined =>
  target.startsWith('task:') ? target.slice('task:'.length) : undefined
/** Belongs to the work items. */
export const isOfTasks = (target: Target): boolean => target === TASK_LIST || taskOf(target) !== undefined

/** For people. */
export function describeTarget(target: Target): string {
  const task = taskOf(target)
  if (task !== undefined) return `item ${task}`
  return agentOf(target) ?? (target === TASK_LIST ? 'the list of items' : 'the context')
}

export type Kind = 'set' | 'update' | 'record' | 'edit' | 'legacy' | 'adopt' | 'restore' | 'delete' | 'lease'

/** One thing that an operation does to a leaf. Values are one-line JSON texts. */
export type Edit =
  | { do: 'set'; path: Pointer; value: string }
  | { do: 'default'; path: Pointer; value: string } // only where nothing stands yet
  | { do: 'delete'; path: Pointer } // with everything below; the empty pointer deletes the record
  | { do: 'add'; path: Pointer; by: string } // a number's text
  | { do: 'insert'; path: Pointer; value: string; keep: number } // an object with an `id` into a list: merged by id

/** Leaves that a write sets to its own time. */
export const isTimeOfWrite = (path: Pointer): boolean => path === '/last_update' || path === '/last_seen'

export interface Operation {
  /** The same on every retry, on any host: dedupe is by this. 32 hex digits, or derived from the idempotency key. */
  id: string
  /** ms; monotone per root, never ahead of Redis' clock when it is committed. */
  t: number
  target: Target
  kind: Kind
  edits: Edit[]
  /** The revision that this root had confirmed when the operation was made, and its epoch: what the writer had seen. */
  base: number
  baseEpoch: string
  /** Who, for the history: an agent, a user, a program. */
  by: string
  /** The root that it was made at: counters are kept per root. */
  root: string
  /** Digest of the payload where an idempotency key was given: the same key with another payload is refused. */
  digest?: string
  /** Compare-and-set: only if the record still has this revision (0: none, or adopted and never changed). */
  ifRev?: number
  /** Only while this fence is the newest of the lease. */
  fence?: { name: string; fence: number }
}

/** When, and as which revision of which epoch, a leaf got its value. */
export interface Stamp {
  t: number
  rev: number
  epoch: string
}

/** A leaf as a change left it. */
export interface ChangedLeaf extends LeafEdit {
  /** Where the leaf comes from an older change (a restore, a replay): that one's stamp; else the stamp is the change's own. */
  stamp?: Stamp
  /** An addition: how often each of these roots has added to this leaf, and the sum, in all. It does not stamp the leaf. */
  counts?: { root: string; n: number; sum: string }[]
}

/** Counts alone: what was counted was deleted or replaced, and no number stands there. They change nothing that is to be seen. */
export const isVoid = ({ value, counts }: ChangedLeaf): boolean => counts !== undefined && (value === null || value === '{}')

/** A value that lost against a newer one: kept in the history, so that nothing disappears silently. */
export interface Lost {
  path: Pointer
  lost: string | null
  kept: string | null
}

/** One committed write. */
export interface Change {
  rev: number
  /** The revision before it in this lineage: a reader whose cursor is below it has a gap. */
  prev: number
  epoch: string
  id: string
  t: number
  target: Target
  kind: Kind
  by: string
  leaves: ChangedLeaf[]
  /** Entries merged into lists. */
  inserts?: { path: Pointer; value: string; keep: number }[]
  lost?: Lost[]
  digest?: string
  /** The root in whose journal it waited: its watchers have shown it as pending. */
  waited?: string
  /** Ids of operations whose effects it brings back to a lineage that lost them: who applies it has them too. */
  brings?: string[]
  /** A lease was granted or released: the fence is this change's revision. No record is touched. */
  lease?: LeaseEvent
}

/** A change before it has its number. */
export type Draft = Omit<Change, 'rev' | 'prev' | 'epoch'>

/**
 * A draft that has its number. Member by member: of a copy by `...` with members behind it, Node 20 makes each a shape of its own, and all code
 * that reads changes is slow.
 */
export function numbered(draft: Draft, rev: number, prev: number, epoch: string): Change {
  const { id, t, target, kind, by, leaves, inserts, lost, digest, waited, brings, lease } = draft
  const change: Change = { id, t, target, kind, by, leaves, rev, prev, epoch }
  if (inserts !== undefined) change.inserts = inserts
  if (lost !== undefined) change.lost = lost
  if (digest !== undefined) change.digest = digest
  if (waited !== undefined) change.waited = waited
  if (brings !== undefined) change.brings = brings
  if (lease !== undefined) change.lease = lease
  return change
}

/** Nobody wrote them: a fresh root begins its context with them. */
const FIRST_MEMBERS: ReadonlySet<Pointer> = new Set(
  ['/version', '/current_work', '/paths/sot', '/paths/working', '/paths/bridge', '/token_usage/total', '/token_usage/saved'],
)

type Context = Pick<Draft, 'kind' | 't' | 'target'> & Partial<Pick<Draft, 'leaves' | 'lost'>>

/** The first members of a context, as they are made, or met by those of another root when the two come together: nobody is told. What was added to one is news. */
export function isFirstContext({ kind, t, target, leaves = [], lost = [] }: Context): boolean {
  if (t !== 0 || target !== CONTEXT) return false
  if (kind === 'adopt') return true
  return kind === 'restore' && leaves.every(({ counts }) => counts === undefined) && [...leaves, ...lost].every(({ path }) => FIRST_MEMBERS.has(path))
}
