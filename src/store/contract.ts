/**
 * The one contract of everything that can give a change its revision: Redis, a root without Redis, and memory (for tests
 * and the simulation). One suite, test/contract, is its specification; every driver runs it.
 */
import type { Entry } from '../domain/entry.js'
import type { Change, Draft, Stamp, Target } from '../domain/operation.js'

/** Whose data this is, and how far it goes. */
export interface Lineage {
  /** The life of this data set; null where nobody has begun one, or it was lost. */
  epoch: string | null
  /** The server process. One that differs from `owner` may have come back with older data. */
  run: string
  /** The server process under which the epoch was last confirmed; null with no epoch, and where the server was a replica since. */
  owner: string | null
  rev: number
  /** Revisions of this epoch are higher than this. */
  first: number
  contains: Map<string, number>
  /** The store's clock, ms. */
  time: number
}

/** A record as the store has it now. */
export interface Stored {
  /** What the roster says; null: never heard of. Compared, as a whole, by `expect.roster`. */
  roster: Roster | null
  /**
   * The record with what is known about it, what legacy programs wrote included; undefined where there is nothing. Of a
   * deleted record the stamps are left; of an evicted one whatever is left.
   */
  entry: Entry | undefined
  /** The store's own form of each hash field; compared by `expect.fields`. */
  tokens: Map<string, string>
  /** Texts of fields that no member can be made of (a context that is no JSON object): not in `entry`. */
  unreadable?: ReadonlyMap<string, string>
  /** Fields whose names are no text, as these can be shown: not in `entry`, and never written to. */
  nameless?: readonly string[]
  /** The roster has it live, and the record, or a part of what belongs to it, is gone. */
  evicted: boolean
}

export interface Roster {
  live: boolean
  /** Of the record's last change; 0 for an adopted one. */
  rev: number
  born: number
  /** When it was deleted. */
  deleted?: Stamp
}

export interface Proposal {
  /** The lineage that the caller believes in, and the server process it talks to. */
  epoch: string
  /** The highest revision that the caller has ever seen: the new one is above it. */
  floor: number
  draft: Draft
  expect: {
    /** Exactly this roster entry (null: none). */
    roster?: Roster | null
    /** Only the liveness. */
    live?: boolean
    /** Exactly this content of these fields (null: absent). */
    fields?: Map<string, string | null>
    /** This is the store's last revision, and the change with this id has it (none: whichever has). */
    follows?: { rev: number; id?: string }
  }
  /** The record as it was read: what the fields in `expect.fields` held. Drivers write whole fields. */
  before: Entry | undefined
  ifRev?: number
  fence?: { name: string; fence: number }
  /** Ids of operations whose effects this change brings to a store that lost them: given back in the same step. */
  gives?: readonly SeenId[]
}

/** In the order in which they are checked: an id that was seen wins over everything but the epoch. */
export type Verdict =
  | { is: 'epoch' } // no epoch, another one, or another server process
  | { is: 'duplicate'; rev: number } // applied before, with this revision (0: known to be, with an unknown one)
  | { is: 'other-payload'; rev: number } // the idempotency key was used for something else
  | { is: 'evicted' } // the roster has the record, the store has lost it or a part of it
  | { is: 'fence'; fence: number }
  | { is: 'conflict'; rev: number } // ifRev: the record has this revision
  | { is: 'stale' } // something that the proposal depends on has changed: read again
  | { is: 'committed'; change: Change }

/** An id that was applied, to be given back to a store that lost it. */
export interface SeenId {
  id: string
  rev: number
  /** Of an idempotency key; kept for at least seven days. */
  digest?: string
  t?: number
}

export interface Store {
  readonly name: 'redis' | 'file' | 'memory'
  /** Whether other roots can write to it. */
  readonly shared: boolean
  hello(): Promise<Lineage>
  /**
   * Begins an epoch, unless somebody else just did: atomic. The first revision is above `atLeast` and everything the
   * store knows. The epoch before is recorded as contained up to the revision that the store still has.
   */
  beginEpoch(seen: { epoch: string | null; owner: string | null }, next: { epoch: string; atLeast: number }): Promise<Lineage>
  /**
   * A text that is another one after anything at all was written, by whomever: of two readers that were told the same, the second one finds what
   * the first one found. null: this store cannot tell, or not now.
   */
  validator?(): Promise<string | null>
  read(target: Target): Promise<Stored>
  /** Those whose members, liveness or revision in the store are others than these, or that are evicted: all others need not be read. */
  unlike?(known: ReadonlyMap<Target, Entry>): Promise<Target[]>
  /**
   * What `read` would return if the record were exactly this: enough to propose with, as the commit compares. `fields`: whose
   * tokens will be asked for, without it all.
   */
  storedAs?(target: Target, entry: Entry, fields?: Iterable<string>): Stored
  /** Every target of the roster, live and deleted, and hashes that a legacy program made. */
  targets(): Promise<Target[]>
  commit(proposal: Proposal): Promise<Verdict>
  /**
   * Puts an evicted record back as its last change left it, without a new revision. Fields that stand there (a legacy
   * program wrote them since) stay. False when the roster entry is not this one any more.
   */
  heal(epoch: string, target: Target, roster: Roster, entry: Entry): Promise<boolean>
  /** Changes with a higher revision, oldest first, at most `limit` (fewer: there are no more); and the revision that the store has. */
  changesAfter(rev: number, limit: number): Promise<{ changes: Change[]; rev: number }>
  /**
   * Declares that everything in `contains` is in the store now, and gives ids back. False when the epoch is not the
   * caller's any more: nothing was declared.
   */
  contain(epoch: string, known: Map<string, number>, ids: readonly SeenId[]): Promise<boolean>
  /** Ids of changes with a higher revision, and of those given back: whoever takes over a lineage takes over what is done. */
  seenIds(after: number): Promise<SeenId[]>
  close(): Promise<void>
}

/** A shared store that can wake its reader. */
export interface WakingStore extends Store {
  /** Calls back after changes, and with the names of records that were written past us; `lost`: the connection broke. */
  listen(on: StoreListener): Promise<() => Promise<void>>
  /** To everybody who listens on the legacy channel; a hint, and kept nowhere. */
  publish(text: string): Promise<void>
  /** A round trip, ms. */
  ping(): Promise<number>
}

export interface StoreListener {
  /** With the revision of the change, where that is known. */
  changed: (rev?: number) => void
  touched: (target: Target) => void
  /** The connection broke; nothing more is heard. */
  lost: () => void
  /** The text of every message on the legacy channel; it may be anything. `rev`: it has the form in which a change of that revision is told. */
  published?: (text: string, rev?: number) => void
}
