/**
 * What somebody who rewrote context.json meant: the difference, leaf by leaf, to the version that the text was made from.
 */
import { contains, type Contains } from './lineage.js'
import { DERIVED_MEMBERS } from './document.js'
import { formatLine, InvalidJson, parseOwn, parseTree, parseTreeMap, stringOf, TooDeep, type Tree, type TreeMap } from './json.js'
import { agentTarget, CONTEXT, type Edit, type Kind, type Stamp, type Target } from './operation.js'
import { PathIndex } from './path-index.js'
import type { Pointer } from './pointer.js'
import { diffTrees, leavesOf, type LeafEdit } from './tree.js'

export interface EditedTarget {
  target: Target
  kind: Extract<Kind, 'edit' | 'adopt'>
  edits: Edit[]
}

/** The agents of a document; undefined where it cannot be a context: `agents` is there and no object. */
export function agentsOf(document: TreeMap): TreeMap | undefined {
  const agents = document.get('agents')
  if (agents === undefined) return new Map()
  return typeof agents === 'object' ? agents : undefined
}

/**
 * As deep as what we write: a value of the greatest depth, and what lies around it. Throws InvalidJson, also for a value that could stand
 * here and nowhere else.
 */
export function parseDocument(text: string): TreeMap {
  try {
    return parseTreeMap(text)
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
  }
  const document = parseOwn(text)
  const agents = agentsOf(document) ?? new Map<string, Tree>()
  const parts = [membersOf(document), ...agents.values()]
  for (const part of parts) for (const value of typeof part === 'object' ? part.values() : [part]) parseTree(formatLine(value))
  return document
}

/** Agents whose record, or its context, is no object cannot be read, and those of which UTF-8 has no name cannot be kept; the others can. */
export const unreadableAgents = (document: TreeMap): string[] =>
  [...(agentsOf(document) ?? [])].filter(([name, record]) => !isName(name) || typeof record !== 'object' || !hasReadableContext(record)).map(([name]) => name)

/** With half of a surrogate pair it would be another one in Redis, and perhaps somebody else's. */
const isName = (name: string): boolean => name.isWellFormed()

const hasReadableContext = (record: TreeMap): boolean => !record.has('context') || typeof contextIn(record) === 'object'

/** A context that is a string of JSON is meant as that object: older programs wrote it so. Undefined: it is none. */
function contextIn(record: TreeMap): TreeMap | undefined {
  const context = record.get('context')
  if (typeof context === 'object') return context
  const text = stringOf(context)
  const meant = text?.trimStart().startsWith('{') === true ? treeOrUndefined(text) : undefined
  return typeof meant === 'object' ? meant : undefined
}

function treeOrUndefined(text: string): Tree | undefined {
  try {
    return parseTree(text)
  } catch (error) {
    if (error instanceof InvalidJson) return undefined
    throw error
  }
}

/** First contact, a record at a time: everything that stands in the file, but what `stays` (see `adoptionBeside`) where the versions were lost. */
export const adoptionOf = (document: TreeMap, stays: (target: Target, path: Pointer) => boolean): EditedTarget[] =>
  adoption(document).flatMap((found) => {
    const edits = found.edits.filter(({ path }) => !stays(found.target, path))
    return edits.length === 0 && found.edits.length > 0 ? [] : [{ ...found, edits }]
  })

function adoption(document: TreeMap): EditedTarget[] {
  const context = membersOf(document)
  const found: EditedTarget[] = context.size === 0 ? [] : [adopted(CONTEXT, context, document.get('last_update'))]
  for (const [name, record] of agentsOf(document) ?? []) {
    if (typeof record === 'object' && isName(name)) found.push(adopted(agentTarget(name), recordOf(record)))
  }
  return found
}

/**
 * A context of which nobody can tell what its author had seen of `present`: a record that differs is taken over as at the first contact,
 * as old as it says itself, and nothing is deleted. What `stays` is not touched: sums and merged lists have no stamp to settle it by.
 */
export function adoptionBeside(present: TreeMap, document: TreeMap, stays: (target: Target, path: Pointer) => boolean): EditedTarget[] {
  const differing = new Set(
    editsBetween(present, document, false)
      .filter(({ target, edits }) => edits.some(({ path }) => !stays(target, path)))
      .map(({ target }) => target),
  )
  return adoptionOf(document, stays).filter(({ target }) => differing.has(target))
}

function adopted(target: Target, tree: TreeMap, lastUpdate?: Tree): EditedTarget {
  const leaves = [...tree].flatMap(([key, value]) => leavesOf(new Map([[key, value]])))
  if (typeof lastUpdate === 'string') leaves.push({ path: '/last_update', value: lastUpdate })
  return { target, kind: 'adopt', edits: leaves.map(({ path, value }) => ({ do: 'set', path, value: value! })) }
}

/** Only what differs from `base`. `mayDelete` false: what is missing was perhaps never known to the author. */
export function editsBetween(base: TreeMap, edited: TreeMap, mayDelete: boolean): EditedTarget[] {
  const found: EditedTarget[] = []
  const add = (target: Target, leaves: LeafEdit[]): void => {
    const edits = leaves.flatMap((leaf) => asEdit(leaf, mayDelete))
    if (edits.length > 0) found.push({ target, kind: 'edit', edits })
  }
  add(CONTEXT, diffTrees(membersOf(base), membersOf(edited)))
  const before = agentsOf(base) ?? new Map<string, Tree>()
  const after = agentsOf(edited) ?? new Map<string, Tree>()
  for (const name of before.keys()) if (!after.has(name)) add(agentTarget(name), [{ path: '', value: null }])
  for (const [name, record] of after) {
    const known = before.get(name)
    if (typeof record !== 'object' || (known === undefined && !isName(name))) continue
    const was = typeof known === 'object' ? recordOf(known) : new Map<string, Tree>()
    add(agentTarget(name), known === undefined && record.size === 0 ? [] : diffTrees(was, recordOf(record, was)))
  }
  return found
}

/**
 * The version that was edited: several carry the same `rev` where pending writes ended without a change. They differ in
 * `last_update`, which a person leaves as it is; a program that sets it leaves only the content to go by. Then it is the version
 * with the fewest differences, and of several the one in which less would have been deleted.
 */
export function closest<T extends { document: TreeMap }>(versions: readonly T[], edited: TreeMap): T | undefined {
  let best: { version: T; size: number } | undefined
  const ofThatTime = versions.filter((version) => version.document.get('last_update') === edited.get('last_update'))
  for (const version of ofThatTime.length > 0 ? ofThatTime : versions) {
    const edits = editsBetween(version.document, edited, true).flatMap((target) => target.edits)
    const size = edits.length + edits.filter((edit) => edit.do === 'delete').length / (edits.length + 1)
    if (best === undefined || size < best.size) best = { version, size }
  }
  return best?.version
}

/**
 * Without the version itself: leaves that have not changed since revision `rev` are compared with what stands now; of the
 * others nobody can tell whether the author changed them, and what stands now stays. So it is with sums and merged lists
 * (`isSum`): they have no stamp that says when they changed last.
 */
export function keepUnseen(
  edited: EditedTarget[],
  seen: Contains,
  stampsOf: (target: Target) => ReadonlyMap<Pointer, Stamp>,
  isSum: (target: Target, path: Pointer) => boolean,
): EditedTarget[] {
  return edited.flatMap((target) => {
    const stamps = stampsOf(target.target)
    const index = new PathIndex(stamps)
    const wasSeen = (edit: Edit): boolean =>
      !isSum(target.target, edit.path) &&
      ![...index.overlapping(edit.path)].some((path) => !contains(seen, stamps.get(path)!))
    const edits = target.edits.filter(wasSeen)
    return edits.length > 0 ? [{ ...target, edits }] : []
  })
}

const asEdit = ({ path, value }: LeafEdit, mayDelete: boolean): Edit[] =>
  value !== null ? [{ do: 'set', path, value }] : mayDelete ? [{ do: 'delete', path }] : []

function membersOf(document: TreeMap): TreeMap {
  const members = new Map(document)
  for (const name of DERIVED_MEMBERS) members.delete(name)
  return members
}

/** A context that cannot be read says nothing: what was there stays. */
function recordOf(record: TreeMap, before?: TreeMap): TreeMap {
  const own = new Map(record)
  own.delete('rev')
  if (!own.has('context')) return own
  const context = contextIn(own) ?? before?.get('context')
  if (context === undefined) own.delete('context')
  else own.set('context', context)
  return own
}
