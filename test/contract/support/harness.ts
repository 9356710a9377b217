/** What a driver gives to the contract's suite, and the proposals that the tests make. */
import type { Entry } from '../../../src/domain/entry.js'
import { formatLine } from '../../../src/domain/json.js'
import type { Change, Draft, Target } from '../../../src/domain/operation.js'
import type { Lineage, Proposal, Store, Stored, Verdict } from '../../../src/store/contract.js'
import { touchedFields } from '../../../src/store/hash-fields.js'

export interface StoreUnderTest {
  store: Store
  /** Epochs as this driver names them; each call another one. */
  newEpoch: () => string
  /** HSET by a legacy program. */
  legacySet?: (agent: string, field: string, raw: string) => Promise<void>
  /** Loses parts of a record, or all of it. */
  evict?: (target: Target, parts?: readonly ('record' | 'stamps' | 'types')[]) => Promise<void>
  /** Loses a key that belongs to no record. */
  evictMarks?: (key: 'sync' | 'seen' | 'counter' | 'stream') => Promise<void>
  /** Another server process with the same data; returns a connection to it. */
  restart?: () => Promise<Store>
  /** Grants a lease. */
  setFence?: (name: string, fence: number) => Promise<void>
}

/** A new, empty data set each time. */
export type MakeStore = () => Promise<StoreUnderTest>

export const AGENT = 'agent:mary'
export const TASK = 'task:P0-1'
const T = 1_700_000_000_000
let ids = 0

export const newId = (): string => (++ids).toString(16).padStart(32, '0')

export const draftOf = (leaves: Draft['leaves'], more: Partial<Draft> = {}): Draft => ({
  id: newId(),
  t: T + ids,
  target: AGENT,
  kind: 'set',
  by: 'test',
  leaves,
  ...more,
})

export const set = (path: string, value: string): Draft['leaves'][number] => ({ path, value })
export const unset = (path: string): Draft['leaves'][number] => ({ path, value: null })

/** A proposal as a writer makes it that read the record just now, comparing what it merges. */
export async function proposalFor(store: Store, draft: Draft, more: Partial<Proposal> = {}): Promise<Proposal> {
  const { epoch } = await store.hello()
  const stored = await store.read(draft.target)
  const fields = new Map([...touchedFields(draft).merged].map((field) => [field, stored.tokens.get(field) ?? null]))
  return { epoch: epoch!, floor: 0, draft, before: stored.entry, expect: { fields }, ...more }
}

export async function propose(store: Store, draft: Draft, more: Partial<Proposal> = {}): Promise<Verdict> {
  return store.commit(await proposalFor(store, draft, more))
}

/** Commits, and fails where it was refused. */
export async function commit(store: Store, draft: Draft, more: Partial<Proposal> = {}): Promise<Change> {
  const verdict = await propose(store, draft, more)
  if (verdict.is !== 'committed') throw new Error(`refused: ${JSON.stringify(verdict)}`)
  return verdict.change
}

export async function begin({ store, newEpoch }: StoreUnderTest, atLeast = 0): Promise<Lineage> {
  return store.beginEpoch(await store.hello(), { epoch: newEpoch(), atLeast })
}

/** A made store with an epoch begun. */
export async function started(make: MakeStore): Promise<StoreUnderTest> {
  const made = await make()
  await begin(made)
  return made
}

/** The record as one-line JSON; undefined where there is none. */
export async function lineOf(store: Store, target: Target = AGENT): Promise<string | undefined> {
  const { entry } = await store.read(target)
  return entry === undefined ? undefined : formatLine(entry.tree)
}

export async function readLive(store: Store, target: Target = AGENT): Promise<Stored & { entry: Entry }> {
  const stored = await store.read(target)
  if (stored.entry?.live !== true) throw new Error(`${target} is not live`)
  return { ...stored, entry: stored.entry }
}
