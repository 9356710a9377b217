/** The reply of the read script as a record. */
import { isUtf8 } from 'node:buffer'
import { countsOfStanding, type Entry, emptyEntry } from '../../domain/entry.js'
import type { Kind, Tree, TreeMap } from '../../domain/json.js'
import type { Target } from '../../domain/operation.js'
import { sha1 } from '../../platform/digests.js'
import type { Stored } from '../contract.js'
import { bareField, decodeField, decodeName, encodeField, encodeName, REV_FIELD } from '../hash-fields.js'
import { parseRoster, type RosterEntry } from './roster.js'
import { takeKnowledge } from './stamps.js'

/** Roster entry, record, types, stamps; hashes as field, value, ... Bytes, since a legacy program may write any. */
export type ReadReply = [Buffer, Buffer[], Buffer[], Buffer[]]

/** What `types` holds for a field: the type, and of which text. Any other text there was written by a legacy program. */
export const typeEntry = (type: Kind, raw: string): string => `${type} ${sha1(raw)}`

export function parseStored(target: Target, [rosterText, record, types, stamps]: ReadReply): Stored {
  const known = parseRoster(rosterText.toString())
  const fields = fieldsOf(target, record, types)
  const nameless = pairs(record).flatMap(([field]) => (isUtf8(field) ? [] : [shownBytes(field)]))
  const unreadable = new Map(fields.flatMap(({ name, raw, value }) => (value === undefined ? [[name, raw.toString()] as const] : [])))
  let tokens: Map<string, string> | undefined
  return {
    roster: known?.roster ?? null,
    entry: known === undefined && record.length === 0 ? undefined : entryOf(known, fields, textMap(stamps)),
    ...(unreadable.size > 0 && { unreadable }),
    ...(nameless.length > 0 && { nameless }),
    /** Most who read compare nothing, and digests are most of the work. */
    get tokens() {
      return (tokens ??= new Map(fields.map((field) => [field.name, tokenOf(field)])))
    },
    evicted: known !== undefined && isEvicted(known, record, types, stamps),
  }
}

/** A record that is known from its changes, as if it had been read; with the tokens of these members. */
export function storedAs(target: Target, entry: Entry, names: Iterable<string>): Stored {
  const tokens = new Map<string, string>()
  for (const name of names) {
    const value = entry.tree.get(name)
    if (value === undefined) continue
    const { raw, type } = encodeField(target, name, value)
    tokens.set(name, type === undefined ? sha1(raw) : typeEntry(type, raw))
  }
  const { live, rev, born } = entry
  return { roster: { live, rev, born }, entry, tokens, evicted: false }
}

const recordDigests = new WeakMap<TreeMap, { rev: number; digest: string }>()

/** What the script `unlike` works out for the record's hash. Kept: a change gives the record another tree. */
export function recordDigest(target: Target, { tree, rev }: Entry): string {
  const known = recordDigests.get(tree)
  if (known?.rev === rev) return known.digest
  const fields = [...tree].map(([name, value]) => fieldDigest(encodeName(name), encodeField(target, name, value).raw))
  if (rev > 0) fields.push(fieldDigest(REV_FIELD, String(rev)))
  const digest = sha1(fields.sort().join(''))
  recordDigests.set(tree, { rev, digest })
  return digest
}

const fieldDigest = (field: string, raw: string): string => sha1(`${Buffer.byteLength(field)} ${field}${raw}`)

interface HashField {
  name: string
  /** Ours. */
  field: string
  /** It stands in the bare field, and not in ours. */
  isBare: boolean
  raw: Buffer
  /** Undefined: no member can be made of it. */
  value: Tree | undefined
  /** What `types` says of this very text. */
  kind: string | undefined
}

/** A bare field was written after ours, which takes it out: it is the one that counts. */
function fieldsOf(target: Target, record: Buffer[], types: Buffer[]): HashField[] {
  const kinds = textMap(types)
  const found = new Map<string, HashField>()
  for (const [key, raw] of pairs(record)) {
    const standing = key.toString()
    if (standing === REV_FIELD || !isUtf8(key)) continue
    const name = decodeName(standing)
    const field = encodeName(name)
    const noted = kinds.get(field)
    const kind = noted?.endsWith(sha1(raw)) === true ? noted : undefined
    const isBare = standing !== field
    if (!isBare && found.has(name)) continue
    found.set(name, { name, field, isBare, raw, value: decodeField(target, name, raw.toString(), kind !== undefined), kind })
  }
  return [...found.values()]
}

/** Says in which of two fields the text stands. */
const BARE = 'bare '
const tokenOf = ({ isBare, kind, raw }: HashField): string => (isBare ? BARE + sha1(raw) : (kind ?? sha1(raw)))

/** What is compared for a token (null: the member is absent), as the commit script sees it: field and text's token, '' for none. */
export function comparisons(name: string, token: string | null): [field: string, token: string][] {
  const bare = bareField(name)
  if (bare !== undefined && token?.startsWith(BARE) === true) return [[bare, token.slice(BARE.length)]]
  return [[encodeName(name), token ?? ''], ...(bare === undefined ? [] : [[bare, ''] as [string, string]])]
}

function entryOf(
  known: RosterEntry | undefined,
  fields: HashField[],
  stamps: ReadonlyMap<string, string>,
): Entry {
  const entry = emptyEntry()
  // Stamps that no roster goes with are of a lineage that was lost: they say only how the fields are ordered, and what numbers are made of.
  const told = known === undefined ? emptyEntry() : entry
  const places = takeKnowledge(told, stamps)
  if (known !== undefined) {
    const { live, rev, born, deleted } = known.roster
    Object.assign(entry, { live, rev, born })
    if (deleted !== undefined) entry.stamps.set('', deleted)
  }
  const placeOf = ({ field }: HashField): number => places.get(field) ?? Number.MAX_SAFE_INTEGER
  for (const { name, value } of fields.sort((a, b) => placeOf(a) - placeOf(b))) {
    if (value !== undefined) entry.tree.set(name, value)
  }
  if (known === undefined) entry.counts = countsOfStanding(entry.tree, told.counts)
  return entry
}

function isEvicted({ roster, has }: RosterEntry, record: Buffer[], types: Buffer[], stamps: Buffer[]): boolean {
  if (!roster.live) return false
  const rev = pairs(record).find(([field]) => field.toString() === REV_FIELD)?.[1].toString() ?? '0'
  if (record.length === 0 || rev !== String(roster.rev)) return true
  return (has.stamps && stamps.length === 0) || (has.types && types.length === 0)
}

function pairs(hash: Buffer[]): [Buffer, Buffer][] {
  const found: [Buffer, Buffer][] = []
  for (let i = 0; i + 1 < hash.length; i += 2) found.push([hash[i]!, hash[i + 1]!])
  return found
}

/** Bytes that are no text, on one line. */
const shownBytes = (bytes: Buffer): string =>
  bytes.toString('latin1').replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)

const textMap = (hash: Buffer[]): Map<string, string> =>
  new Map(pairs(hash).map(([field, value]) => [field.toString(), value.toString()]))
