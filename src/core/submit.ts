/** One operation to one sequencer: read what it depends on, merge, commit; again when something came between. */
import { composeRecord } from '../domain/document.js'
import { type Entry, touchesRecord } from '../domain/entry.js'
import { formatLine, leafOf, type TreeMap } from '../domain/json.js'
import { type Change, CONTEXT, type Draft, type Lost, type Operation, type Stamp } from '../domain/operation.js'
import { fieldOf, formatPointer } from '../domain/pointer.js'
import { resolve, type Resolved } from '../domain/resolve.js'
import { valueAt } from '../domain/tree.js'
import type { Proposal, Store, Stored } from '../store/contract.js'

export type Submission =
  | { is: 'committed'; change: Change }
  | { is: 'duplicate'; rev: number }
  | { is: 'nothing' } // what was to be set stands there already
  | { is: 'other-payload' }
  | { is: 'epoch' }
  | { is: 'evicted' }
  | { is: 'unbegun' } // a round begins the context, and this comes behind
  | { is: 'fence'; fence: number }
  | { is: 'conflict'; rev: number; current: TreeMap | null }
  | { is: 'absent' }
  | { is: 'not-a-number'; paths: string[] }
  | { is: 'contended' } // others came between, again and again

export interface SubmitOptions {
  epoch: string
  /** The highest revision that this root knows. */
  floor: number
  /** The store's clock, ms: no change is from the future. */
  latest: number
  /** The operation lay in the journal: leaves that others changed meanwhile are settled by stamps. */
  waited: boolean
  /** In vain: what it would have written is told as lost. */
  inVain?: true
}

const MAX_ATTEMPTS = 200

export interface SubmitKnowledge {
  /** The operation was committed with this stamp, in a lineage that was lost. */
  lost?: Stamp
  /**
   * The record as this root believes it to be, which saves reading it: the commit compares what the outcome depends on.
   * Counts it does not compare: where something is added, nothing may have changed the record since.
   */
  known?: Entry | undefined
  /** The record as the changes say. */
  told?: Entry | undefined
  /** A sum that is not there is none, and so is a context: a round has looked, and has not put it there. */
  takesGaps?: boolean
}

export async function submit(
  store: Store,
  operation: Operation,
  options: SubmitOptions,
  { lost, known, told = known, takesGaps = !store.shared }: SubmitKnowledge = {},
): Promise<Submission> {
  let belief = known?.live === true ? known : undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const believed = belief === undefined ? undefined : store.storedAs?.(operation.target, { ...belief }, fieldsOfEdits(operation))
    belief = undefined
    const stored = believed ?? (await store.read(operation.target))
    if (!takesGaps && lacksSum(operation, stored, told)) return { is: 'evicted' }
    if (!takesGaps && !options.waited && beginsContext(operation, stored)) return { is: 'unbegun' }
    const { early, inquiry, proposal } = propose(operation, stored, options, lost)
    if (early !== undefined && believed !== undefined) continue // nothing is refused on a belief
    const before = early === undefined || early.is === 'nothing' ? undefined : await store.commit(inquiry)
    if (before?.is === 'duplicate' || before?.is === 'other-payload') return before
    // A store that lost its data has nothing either: what was read counts only if it is the caller's lineage still.
    if (early !== undefined) return (await isLineage(store, options.epoch)) ? early : { is: 'epoch' }
    if (believed !== undefined && adds(operation)) proposal.expect.roster = believed.roster
    const verdict = await store.commit(proposal)
    switch (verdict.is) {
      case 'stale':
        continue
      case 'conflict':
        return { ...verdict, current: await currentRecord(store, operation) }
      default:
        return verdict
    }
  }
  return { is: 'contended' }
}

/**
 * Additions to it are known, and it is not there: a program that replaced the member knew nothing of it. To add to nothing would be to lose
 * them, so that it is put back first. `told`, where it is of that revision, has it not where it was deleted.
 */
export function lacksSum({ edits }: Operation, { entry, roster }: Stored, told: Entry | undefined): boolean {
  if (entry === undefined || roster?.live !== true) return false
  const isDeleted = (path: string): boolean => told?.rev === roster.rev && valueAt(told.tree, path) === undefined
  return edits.some(({ do: kind, path }) => kind === 'add' && entry.counts.has(path) && valueAt(entry.tree, path) === undefined && !isDeleted(path))
}

/** What a context begins with is set where none is: of a lineage that began with a lease, say. Then this write may not be the first. */
const beginsContext = ({ target, kind }: Operation, { roster, entry }: Stored): boolean =>
  target === CONTEXT && !DESCRIBES.has(kind) && roster === null && entry === undefined

const adds = ({ edits }: Operation): boolean => edits.some((edit) => edit.do === 'add')

/** Nothing else is written, or decides on what is. */
const fieldsOfEdits = ({ edits }: Operation): Set<string> => new Set(edits.map(({ path }) => fieldOf(path)))

/** After a revision that no store comes to: a proposal with it is never committed, and says whether its id was. */
const NEVER = { rev: Number.MAX_SAFE_INTEGER }

/**
 * What is asked of the store, as the record stands there; `early`: what comes out, unless the `inquiry` says that it was done before (of
 * `nothing` that need not be asked: it is told as done in any case).
 */
export function propose(
  operation: Operation,
  stored: Stored,
  options: SubmitOptions,
  lost?: Stamp,
): { early: Submission; inquiry: Proposal; proposal?: undefined } | { early?: undefined; inquiry?: undefined; proposal: Proposal } {
  const resolved = resolve(operation, stored.entry, {
    t: Math.min(operation.t, options.latest),
    against: options.inVain ? 'everything' : options.waited ? 'stamps' : 'order',
    ...(lost !== undefined && { stamp: lost }),
  })
  const lostText = overwritten(stored, resolved.draft)
  if (lostText.length > 0) resolved.draft.lost = [...(resolved.draft.lost ?? []), ...lostText]
  const early = stored.evicted ? undefined : settledWithout(operation, stored, resolved, options)
  const proposal = proposalOf(operation, stored, resolved, options)
  return early === undefined ? { proposal } : { early, inquiry: { ...proposal, expect: { ...proposal.expect, follows: NEVER } } }
}

async function isLineage(store: Store, epoch: string): Promise<boolean> {
  const lineage = await store.hello()
  return lineage.epoch === epoch && lineage.owner === lineage.run
}

async function currentRecord(store: Store, operation: Operation): Promise<TreeMap | null> {
  const { entry } = await store.read(operation.target)
  return entry?.live === true ? composeRecord(entry) : null
}

/** Kinds that only say what stands somewhere: where it stands here too, there is nothing to commit. */
export const DESCRIBES: ReadonlySet<Operation['kind']> = new Set(['adopt', 'edit', 'legacy'])

function settledWithout(operation: Operation, stored: Stored, resolved: Resolved, { waited, inVain }: SubmitOptions): Submission | undefined {
  if (inVain && resolved.draft.lost === undefined) return { is: 'nothing' }
  if (resolved.notNumbers.length > 0 && !waited) return { is: 'not-a-number', paths: resolved.notNumbers }
  if (operation.kind === 'delete' && !waited && stored.entry?.live !== true && !stored.evicted) {
    return { is: 'absent' }
  }
  if (!DESCRIBES.has(operation.kind)) return undefined
  resolved.draft.leaves = resolved.draft.leaves.filter((leaf) => !standsThere(stored.entry, leaf.path, leaf.value))
  return touchesRecord(resolved.draft) || resolved.draft.lost !== undefined ? undefined : { is: 'nothing' }
}

function standsThere(entry: Entry | undefined, path: string, value: string | null): boolean {
  if (path === '') return entry?.live !== true
  const present = entry?.live === true ? valueAt(entry.tree, path) : undefined
  return (present === undefined ? null : formatLine(present)) === value
}

function proposalOf(operation: Operation, stored: Stored, resolved: Resolved, options: SubmitOptions): Proposal {
  const { draft } = resolved
  if (draft.kind === 'adopt' && stored.roster !== null) draft.kind = 'edit' // it is known here: this is a change of it
  const expect: Proposal['expect'] = { fields: tokensOf(stored, fieldsOf(resolved)) }
  if (options.waited || operation.kind === 'adopt') expect.roster = stored.roster
  else if (resolved.dependsOnLife) expect.live = stored.roster?.live ?? false
  return {
    epoch: options.epoch,
    floor: options.floor,
    draft,
    expect,
    before: stored.entry,
    ...(operation.ifRev !== undefined && { ifRev: operation.ifRev }),
    ...(operation.fence !== undefined && { fence: operation.fence }),
  }
}

/** Fields that are written as a whole although only a part of them changes, and those that the outcome depended on. */
function fieldsOf({ draft, dependsOn }: Resolved): Set<string> {
  const fields = new Set(dependsOn)
  for (const { path } of draft.leaves) if (path.lastIndexOf('/') > 0) fields.add(fieldOf(path))
  for (const { path } of draft.inserts ?? []) fields.add(fieldOf(path))
  return fields
}

type Written = Pick<Draft, 'leaves' | 'inserts'>

export const fieldsWritten = ({ leaves, inserts = [] }: Written): Set<string> =>
  new Set([...leaves, ...inserts].filter(({ path }) => path !== '').map(({ path }) => fieldOf(path)))

/** What stands in fields that nobody can read, and is replaced: it stays in the history. */
export function overwritten(stored: Stored, written: Written): Lost[] {
  if (stored.unreadable === undefined) return []
  const fields = fieldsWritten(written)
  return [...stored.unreadable].flatMap(([field, text]) =>
    fields.has(field) ? [{ path: formatPointer([field]), lost: leafOf(text), kept: null }] : [],
  )
}

export const tokensOf = (stored: Stored, fields: Iterable<string>): Map<string, string | null> =>
  new Map([...fields].map((field) => [field, stored.tokens.get(field) ?? null]))
