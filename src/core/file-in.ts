/** context.json, where somebody else has written it: an edit is taken in as operations, what cannot be read is set aside. */
import {
  adoptionBeside,
  adoptionOf,
  agentsOf,
  closest,
  type EditedTarget,
  editsBetween,
  keepUnseen,
  parseDocument,
} from '../domain/hand-edit.js'
import { InvalidJson, type TreeMap } from '../domain/json.js'
import { isMergedList } from '../domain/merge.js'
import { CONTEXT, isTimeOfWrite, type Operation, type Stamp, type Target } from '../domain/operation.js'
import { isWithin } from '../domain/pointer.js'
import { lineageOf, type Replica } from '../domain/replica.js'
import { timeIn, writableTime } from '../domain/time.js'
import { valueAt } from '../domain/tree.js'
import type { FileText, Identity } from '../platform/files.js'
import { type Base, isForeign } from './foreign-file.js'
import type { Ports } from './ports.js'

export type FileLook =
  | { is: 'absent' }
  | { is: 'ours'; identity: Identity; hash: string; text: string }
  /** `foreign`: of another root, or of a revision that nobody knows here; `left`: something of it was not taken. */
  | { is: 'edited'; identity: Identity; hash: string; document: TreeMap; operations: Operation[]; foreign: boolean; left: boolean }
  /** `hash`: of what was read; null: nothing could be, and it can only be moved away. */
  | { is: 'broken'; identity: Identity; hash: string | null; reason: string }
  /** Perhaps somebody is still writing it: nothing is done with it in this round. */
  | { is: 'unsettled' }

/** More than any context has. Reading it leaf by leaf would keep the hub from everybody for many seconds. */
const MAX_FOREIGN_LENGTH = 16 * 1024 * 1024

/** Some editors begin a file with a byte order mark: it says nothing, and JSON has no place for it. */
const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text)

/** A file that cannot be read may be one that is being written; after this long it is broken. */
const SETTLE_MS = 1_000

export interface EditFacts {
  replica: Replica
  rootId: string
  skewMs: number
}

/** A look at the file: pure of effects, so that a reader without write access can take it too. */
export async function lookAtFile(ports: Ports, facts: EditFacts): Promise<FileLook> {
  const file = await ports.root.document.read()
  return file === null ? { is: 'absent' } : judgeRead(ports, file, facts)
}

/** By who is not the keeper: what was read may have been merged and replaced since. */
export async function judgeRead(ports: Ports, file: FileText, facts: EditFacts): Promise<FileLook> {
  const isShown = isSame(await ports.root.document.identify(), file.identity)
  return judgeText(ports, file, isShown ? 'shown' : 'replaced', facts)
}

/** As `sameIdentity` of the platform, of which the engine takes types only. */
export const isSame = (a: Identity | null, b: Identity | null): boolean =>
  a === null || b === null ? a === b : a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs

/** And nobody has closed it since, which changes neither its content nor its time. */
export const isUntouched = (a: Identity | null, b: Identity | null): boolean => isSame(a, b) && a?.uid === b?.uid && a?.mode === b?.mode

export async function judgeText(ports: Ports, file: FileText, place: 'shown' | 'replaced', facts: EditFacts): Promise<FileLook> {
  const { identity } = file
  if (file.unreadable !== undefined) return brokenOrUnsettled(ports, { is: 'broken', identity, hash: null, reason: file.unreadable })
  const hash = ports.digest(file.text)
  if (await ports.root.versions.knows(hash, identity, place)) return { is: 'ours', identity, hash, text: file.text }
  const document = readDocument(file, await hadAgents(ports))
  if (typeof document === 'string') return brokenOrUnsettled(ports, { is: 'broken', identity, hash, reason: document })
  return { is: 'edited', identity, hash, document, ...(await operationsOf(ports, document, file, hash, facts)) }
}

function brokenOrUnsettled({ clock }: Ports, look: Extract<FileLook, { is: 'broken' }>): FileLook {
  const age = clock.now() - look.identity.mtimeMs
  return age >= 0 && age < SETTLE_MS ? { is: 'unsettled' } : look
}

async function hadAgents(ports: Ports): Promise<boolean> {
  const last = await ports.root.versions.last()
  return last !== null && (agentsOf(last.document)?.size ?? 0) > 0
}

/** The document, or why it is none. */
function readDocument(file: FileText, hadAgents: boolean): TreeMap | string {
  if (!file.valid) return 'it is not UTF-8'
  if (file.text.length > MAX_FOREIGN_LENGTH) return `it has more than ${MAX_FOREIGN_LENGTH} characters`
  try {
    const document = parseDocument(withoutMark(file.text))
    const agents = agentsOf(document)
    if (agents === undefined) return 'its member agents is not an object'
    if (agents.size === 0 && hadAgents) return 'it has no agents, although there were some'
    return document
  } catch (error) {
    if (error instanceof InvalidJson) return `it is not JSON: ${error.message}`
    throw error
  }
}

/** The revision that context.json shows; 0: none. */
export async function revisionInFile(ports: Ports): Promise<number> {
  const file = await ports.root.document.read()
  const document = file === null ? null : readDocument(file, false)
  return document instanceof Map ? (revisionOf(document) ?? 0) : 0
}

/** Up to which revision context.json shows what was confirmed, also where somebody has edited it; null: nobody can tell. */
export async function baseInFile(ports: Ports, replica: Replica): Promise<number | null> {
  const { document, versions } = ports.root
  const file = await document.read()
  const shown = file === null ? null : readDocument(file, false)
  const rev = shown instanceof Map ? revisionOf(shown) : undefined
  if (!(shown instanceof Map) || rev === undefined) return null
  const base = closest(await versions.withRev(rev), shown)
  const isOurs = base !== undefined && !(await isForeign(ports, shown, { rev, base, last: await versions.last(), replica }))
  return isOurs ? base.version.base : null
}

async function operationsOf(
  ports: Ports,
  document: TreeMap,
  file: FileText,
  hash: string,
  facts: EditFacts,
): Promise<{ operations: Operation[]; foreign: boolean; left: boolean }> {
  const rev = revisionOf(document)
  const versions = rev === undefined ? [] : await ports.root.versions.withRev(rev)
  const base = closest(versions, document)
  const last = await ports.root.versions.last()
  const known: Base = { rev, base, last, replica: facts.replica }
  const foreign = await isForeign(ports, document, known)
  const edited = foreign ? adoptionBeside(last!.document, document, staysIn(facts.replica)) : editedTargets(document, known)
  // A copy keeps the time of its original, and that may be of a clock that is ahead: nobody has edited it later than now.
  const mtime = writableTime(Math.min(file.identity.mtimeMs, ports.clock.now()) + facts.skewMs)
  // Whoever is killed before it is noted as merged finds the same file, after the same version, and makes the same ids.
  const { ino, size, mtimeMs } = file.identity
  const edit = `edit ${facts.rootId} ${hash} ${ino} ${size} ${mtimeMs} ${last?.version.rev ?? -1}`
  const operations = edited.map((target) => ({
    id: ports.digest(`${edit} ${target.target}`).slice(0, 32),
    t: Math.floor(target.kind === 'adopt' ? ageOf(target, mtime) : Math.max(mtime, (base?.version.t ?? 0) + 1)),
    target: target.target,
    kind: target.kind,
    edits: target.edits,
    base: target.kind === 'adopt' ? 0 : (base?.version.base ?? Math.min(rev ?? Infinity, last?.version.base ?? 0)),
    baseEpoch: base?.version.epoch ?? last?.version.epoch ?? '',
    by: 'context.json',
    root: facts.rootId,
  }))
  return { operations, foreign, left: !foreign && base === undefined && hasOther(document, known) }
}

function editedTargets(document: TreeMap, { rev, base, last, replica }: Base): EditedTarget[] {
  if (last === null || last.version.rev < 0) return adoptionOf(document, staysIn(replica))
  if (base !== undefined) return editsBetween(base.document, document, true)
  if (rev === undefined) return editsBetween(last.document, document, false)
  return keepUnseen(editsBetween(last.document, document, true), seenAt(replica, rev), stampsOf(replica), isSumIn(replica))
}

/** Where no version is left: a sum, or a list, that stands here, and is another one in the file. */
function hasOther(document: TreeMap, { last, replica }: Base): boolean {
  if (last !== null && last.version.rev >= 0) return false
  const stays = staysIn(replica)
  const isOther = ({ target, edits }: EditedTarget): boolean =>
    edits.some((edit) => edit.do === 'set' && stays(target, edit.path) && valueAt(replica.entries.get(target)!.tree, edit.path) !== edit.value)
  return adoptionOf(document, () => false).some(isOther)
}

/** What a reader of revision `rev` had seen, as far as this root knows. */
function seenAt(replica: Replica, rev: number): Map<string, number> {
  return new Map([...lineageOf(replica)].map(([epoch, last]) => [epoch, Math.min(last, rev)]))
}

const stampsOf =
  (replica: Replica) =>
  (target: Target): ReadonlyMap<string, Stamp> =>
    replica.entries.get(target)?.stamps ?? new Map()

const isSumIn =
  (replica: Replica) =>
  (target: Target, path: string): boolean =>
    isMergedList(path) || replica.entries.get(target)?.counts.has(path) === true

/** Of what stands here: a sum, a merged list, and where the root is. */
const staysIn =
  (replica: Replica) =>
  (target: Target, path: string): boolean => {
    const tree = replica.entries.get(target)?.tree
    const isPlace = target === CONTEXT && isWithin(path, '/paths')
    return tree !== undefined && valueAt(tree, path) !== undefined && (isPlace || isSumIn(replica)(target, path))
  }

function revisionOf(document: TreeMap): number | undefined {
  const rev = document.get('rev')
  return typeof rev === 'string' && /^\d{1,15}$/.test(rev) ? Number(rev) : undefined
}

/** A record that is adopted is as old as it says itself, so that it does not beat what is newer elsewhere. */
function ageOf(target: EditedTarget, mtime: number): number {
  const known = target.edits.flatMap((edit) => (edit.do === 'set' && isTimeOfWrite(edit.path) ? (timeIn(textOf(edit.value)) ?? []) : []))
  return known.length === 0 ? 0 : Math.min(mtime, Math.max(...known))
}

const textOf = (value: string): string => (value.startsWith('"') ? (JSON.parse(value) as string) : '')
