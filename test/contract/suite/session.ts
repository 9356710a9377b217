/** A writer at a store, for tests: it reads what a proposal depends on, as the engine does. */
import { type Entry, touchesRecord } from '../../../src/domain/entry.js'
import { agentTarget, type Change, type ChangedLeaf, type Draft, type Target } from '../../../src/domain/operation.js'
import { fieldOf } from '../../../src/domain/pointer.js'
import type { Lineage, Proposal, Store, Stored, Verdict } from '../../../src/store/contract.js'

export const MARY: Target = agentTarget('mary')

/** What a test may do to the data of a store behind the store's back. Absent: it cannot happen to this kind of store. */
export interface StoreUnderTest {
  store: Store
  /** Another connection to the same data. */
  another?: () => Promise<Store>
  /** The server ends and comes back with its data: a connection to the new process. */
  restart?: () => Promise<Store>
  /** Keys of a record are lost, as under memory pressure. */
  evict?: (target: Target, parts: readonly RecordPart[]) => Promise<void>
  /** HSET by a legacy program. */
  legacySet?: (agent: string, field: string, text: string) => Promise<void>
  /** The newest grant of a lease. */
  setFence?: (name: string, fence: number) => Promise<void>
}

export type RecordPart = 'record' | 'stamps' | 'types'

export type Wanted = Partial<Draft> & { set?: Record<string, string | null> }
export type Conditions = Partial<Pick<Proposal, 'epoch' | 'floor' | 'expect' | 'ifRev' | 'fence'>>

let epochs = 0
/** Epochs of shared stores and of roots are told apart by their first letter. */
export const newEpoch = (store: Store): string => `${store.shared ? 'r' : 'f'}${String(++epochs).padStart(12, '0')}`

let ids = 0
export const newId = (): string => String(++ids).padStart(32, '0')

export class Session {
  private constructor(
    readonly store: Store,
    readonly lineage: Lineage,
  ) {}

  get epoch(): string {
    return this.lineage.epoch!
  }

  /** Begins an epoch, whatever there was. */
  static async begin(store: Store, atLeast = 0): Promise<Session> {
    const seen = await store.hello()
    return new Session(store, await store.beginEpoch(seen, { epoch: newEpoch(store), atLeast }))
  }

  /** Of somebody who believes in the epoch that there is. */
  static async join(store: Store): Promise<Session> {
    return new Session(store, await store.hello())
  }

  read(target: Target = MARY): Promise<Stored> {
    return this.store.read(target)
  }

  async entry(target: Target = MARY): Promise<Entry> {
    const { entry } = await this.read(target)
    if (entry === undefined) throw new Error(`${target} is not there`)
    return entry
  }

  /** A proposal that compares what it would overwrite in part, and nothing else unless told so. */
  async proposal(wanted: Wanted, conditions: Conditions = {}): Promise<Proposal> {
    const draft = draftOf(wanted)
    const stored = await this.read(draft.target)
    return {
      epoch: this.epoch,
      floor: 0,
      draft,
      before: stored.entry,
      ...conditions,
      expect: { ...conditions.expect, fields: conditions.expect?.fields ?? tokensOf(stored, partsOf(draft)) },
    }
  }

  async propose(wanted: Wanted, conditions: Conditions = {}): Promise<Verdict> {
    return this.store.commit(await this.proposal(wanted, conditions))
  }

  /** Throws unless it is committed. */
  async commit(wanted: Wanted, conditions: Conditions = {}): Promise<Change> {
    const verdict = await this.propose(wanted, conditions)
    if (verdict.is !== 'committed') throw new Error(`not committed: ${JSON.stringify(verdict)}`)
    return verdict.change
  }
}

export function draftOf({ set = {}, ...wanted }: Wanted): Draft {
  const leaves = Object.entries(set).map(([path, value]): ChangedLeaf => ({ path, value }))
  return { id: newId(), t: 1_000, target: MARY, kind: 'set', by: 'test', leaves, ...wanted }
}

export const tokensOf = (stored: Stored, fields: Iterable<string>): Map<string, string | null> =>
  new Map([...fields].map((field) => [field, stored.tokens.get(field) ?? null]))

/** Fields of which the draft writes a part, or which it merges into. */
export function partsOf(draft: Draft): Set<string> {
  const fields = new Set((draft.inserts ?? []).map(({ path }) => fieldOf(path)))
  if (!touchesRecord(draft)) return fields
  for (const { path, value } of draft.leaves) {
    if (path !== '' && (path.lastIndexOf('/') > 0 || value === '{}')) fields.add(fieldOf(path))
  }
  return fields
}
