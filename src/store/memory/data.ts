/** The data of a MemoryServer: what Redis holds, key by key, so that it can be lost key by key. */
import { type Count, type Entry, countsAt, countsOfStanding, emptyEntry } from '../../domain/entry.js'
import type { Kind, Tree } from '../../domain/json.js'
import type { Lease } from '../../domain/lease.js'
import type { Stamp, Target } from '../../domain/operation.js'
import type { Pointer } from '../../domain/pointer.js'
import type { Roster, SeenId, Stored } from '../contract.js'
import { decodeField, encodeField, REV_FIELD } from '../hash-fields.js'

/** The hashes of a record; an empty one does not exist. */
export interface StoredRecord {
  fields: Map<string, string>
  /** With the text that was written: another text there is a legacy program's, and a string. */
  types: Map<string, { kind: Kind; raw: string }>
  stamps: Map<Pointer, Stamp>
  counts: Map<Pointer, Map<string, Count>>
  /** The key with stamps and counts was evicted. Every record has one. */
  stampsLost: boolean
}

export interface RosterEntry {
  roster: Roster
  /** Some field has a type: where none has one, they were evicted. */
  hasTypes: boolean
}

export interface Sync {
  epoch: string
  owner: string
  first: number
  /** Copy of the counter. */
  rev: number
  contains: Map<string, number>
  roster: Map<Target, RosterEntry>
  /** When the epoch began, on the server's clock. */
  since: number
  leaseRoots: LeaseRoots
  /** The longest TTL of a lease that anybody allows. */
  longestLeaseMs: number
}

/** Roots through which leases were granted: in which epoch they last told what they know, and when they last got one. */
export type LeaseRoots = Map<string, { epoch: string; usedAt: number }>

export interface MemoryData {
  /** null: never begun, or lost; lost as a whole. */
  sync: Sync | null
  /** null: lost. */
  seen: Map<string, SeenId> | null
  counter: number
  records: Map<Target, StoredRecord>
  /** Changes as text, with their revision. */
  stream: { rev: number; text: string }[]
  leases: Map<string, Lease>
}

export const emptyData = (): MemoryData => ({
  sync: null,
  seen: null,
  counter: 0,
  records: new Map(),
  stream: [],
  leases: new Map(),
})

export const emptyRecord = (): StoredRecord => ({
  fields: new Map(),
  types: new Map(),
  stamps: new Map(),
  counts: new Map(),
  stampsLost: false,
})

export function recordAt(data: MemoryData, target: Target): StoredRecord {
  let record = data.records.get(target)
  if (record === undefined) data.records.set(target, (record = emptyRecord()))
  return record
}

/** Whether the roster has the record live, and a part of it is gone or is not as old as the roster says. */
export function isEvicted(known: RosterEntry | undefined, record: StoredRecord): boolean {
  if (known === undefined || !known.roster.live) return false
  if (record.fields.size === 0) return true
  if ((record.fields.get(REV_FIELD) ?? '0') !== String(known.roster.rev)) return true
  return record.stampsLost || (known.hasTypes && record.types.size === 0)
}

export function writeKnowledge(record: StoredRecord, { stamps, counts }: Entry): void {
  record.stamps = new Map(stamps)
  record.counts = new Map([...counts].map(([path, byRoot]) => [path, new Map(byRoot)]))
  record.stampsLost = false
}

export function readStored(data: MemoryData, target: Target): Stored {
  const known = data.sync?.roster.get(target)
  const record = data.records.get(target) ?? emptyRecord()
  return {
    roster: known === undefined ? null : { ...known.roster },
    entry: readEntry(target, known?.roster, record),
    tokens: tokensOf(record),
    evicted: isEvicted(known, record),
  }
}

/** Each text with its type: `5` may have become `"5"`. */
function tokensOf({ fields, types }: StoredRecord): Map<string, string> {
  const members = [...fields].filter(([field]) => field !== REV_FIELD)
  return new Map(
    members.map(([field, raw]) => {
      const type = types.get(field)
      return [field, tokenOf(raw, type?.raw === raw ? type.kind : undefined)]
    }),
  )
}

const tokenOf = (raw: string, type: Kind | undefined): string => (type === undefined ? `=${raw}` : `${type} ${raw}`)

/** A record that is known from its changes, as if it had been read. */
export function storedAs(target: Target, entry: Entry): Stored {
  const tokens = [...entry.tree].map(([name, value]): [string, string] => {
    const { raw, type } = encodeField(target, name, value)
    return [name, tokenOf(raw, type)]
  })
  const { live, rev, born } = entry
  return { roster: { live, rev, born }, entry, tokens: new Map(tokens), evicted: false }
}

export function readEntry(target: Target, roster: Roster | undefined, record: StoredRecord): Entry | undefined {
  if (roster === undefined && record.fields.size === 0) return undefined
  const entry = emptyEntry()
  if (roster !== undefined) addKnowledge(entry, roster, record)
  for (const [field, raw] of record.fields) {
    if (field === REV_FIELD) continue
    const value = decodeField(target, field, raw, record.types.get(field)?.raw === raw)
    if (value !== undefined) entry.tree.set(field, value)
  }
  if (roster === undefined) entry.counts = countsOfStanding(entry.tree, record.counts)
  return entry
}

/** Stamps that no roster goes with are of a lineage that was lost: they say nothing, but for what a number that stands there is made of. */
function addKnowledge(entry: Entry, roster: Roster, { stamps, counts }: StoredRecord): void {
  Object.assign(entry, { rev: roster.rev, born: roster.born, live: roster.live, stamps: new Map(stamps) })
  if (roster.deleted !== undefined) entry.stamps.set('', roster.deleted)
  for (const [path, byRoot] of counts) for (const [root, count] of byRoot) countsAt(entry, path).set(root, count)
}

/** Writes a member, or takes it out. */
export function writeField(target: Target, record: StoredRecord, field: string, value: Tree | undefined): void {
  record.types.delete(field)
  if (value === undefined) {
    record.fields.delete(field)
    return
  }
  const { raw, type } = encodeField(target, field, value)
  record.fields.set(field, raw)
  if (type !== undefined) record.types.set(field, { kind: type, raw })
}

/** An adopted record has none (0); but a hash without any field would be no hash. Null: the record is deleted. */
export function writeRevision({ fields }: StoredRecord, rev: number | null): void {
  fields.delete(REV_FIELD)
  if (rev !== null && (rev > 0 || fields.size === 0)) fields.set(REV_FIELD, String(rev))
}
