/**
 * What grants leases: Redis, a root without Redis, and memory (for tests). One suite, test/contract/lease-contract.ts, is the
 * specification; every driver runs it. Each method is one step: nothing comes between what it reads and what it writes.
 */
import type { AcquireCall, Holder, ReleaseCall, Waiter } from '../domain/lease.js'

/** Whose lineage the caller believes in: a store of another one grants nothing. */
export interface LeaseContext {
  epoch: string
  /** The highest revision that the caller has ever seen: a fence is above it. */
  floor: number
  /** The root through which it is asked. */
  root: string
  /** ms since 1970, on the store's clock as far as the caller knows it: for the history. */
  t: number
  /** The longest TTL that anybody may ask for: so long a lease that nobody brings back is waited for. */
  longestMs: number
  /** After a loss of data always wait that long, also when all known roots are back. */
  strict: boolean
}

/** Answers that only the caller's engine can do something about. */
export type NotNow =
  | { is: 'epoch' } // no epoch, another one, or another server process
  | { is: 'report' } // this root has not told yet which leases it knows of (`report`)

export interface Granted {
  is: 'granted'
  fence: number
  /** From now on. */
  leftMs: number
  /** It was held by this token already: no new grant, the same fence. */
  again: boolean
}

export interface Taken {
  is: 'taken'
  /** null: it is free, and others were first. */
  holder: ShownHolder | null
  /** In the queue, from 1; null for one that does not wait. */
  position: number | null
  /** Unless something is heard before, to be asked again after this. */
  retryMs: number
}

/** Data was lost, and roots that may know of leases have not told yet: nothing is granted. */
export interface Withheld {
  is: 'withheld'
  leftMs: number
  /** That are waited for; empty where it is the time alone. */
  roots: string[]
  position: number | null
}

/** Somebody has it, who is no lease of ours: the lock of an older program. */
export interface Foreign {
  is: 'foreign'
  key: string
  text: string
  leftMs: number | null
  position: number | null
}

export type AcquireReply = Granted | Taken | Withheld | Foreign | NotNow
export type RenewReply = Granted | { is: 'wrong-token'; holder: string } | { is: 'not-held' } | NotNow
/** `left`: so often it is still to be released. */
export type ReleaseReply =
  | { is: 'released'; fence: number; holder: string; left: number }
  | { is: 'wrong-token'; holder: string }
  | { is: 'not-held' }
  | NotNow

export interface RenewCall {
  name: string
  token: string
  ttlMs: number
}

export type ShownHolder = Omit<Holder, 'token' | 'until'> & { leftMs: number; fence: number }

export interface LeaseView {
  name: string
  /** Of the newest grant or release; 0: never granted. */
  fence: number
  holder: ShownHolder | null
  queue: Omit<Waiter, 'aliveUntil'>[]
  withheld: { leftMs: number; roots: string[] } | null
  foreign: { key: string; text: string; leftMs: number | null } | null
}

/** A lease as a root keeps it, to bring it back to a store that lost it. */
export interface KeptLease {
  name: string
  fence: number
  holder: Omit<Holder, 'until'> & { leftMs: number }
}

export interface LeaseStore {
  acquire(on: LeaseContext, call: AcquireCall): Promise<AcquireReply>
  /** From now on for `ttlMs`. */
  renew(on: LeaseContext, call: RenewCall): Promise<RenewReply>
  release(on: LeaseContext, call: ReleaseCall): Promise<ReleaseReply>
  /** Takes a waiter out of the queue. The fence, where it was granted to him meanwhile and he has not asked since: his to give back. */
  leave(name: string, waiter: string): Promise<number | null>
  look(name: string): Promise<LeaseView>
  /** Of leases that were ever granted. */
  names(): Promise<string[]>
  /**
   * What a root knows after it met another lineage: the leases that were granted through it, unless the store has a newer
   * grant; and the other roots that it knows of, which have to report as well before anything is granted.
   */
  report(on: LeaseContext, kept: readonly KeptLease[], roots: readonly string[]): Promise<boolean>
  /** Roots through which leases were granted. */
  roots(): Promise<string[]>
  /**
   * Calls back when a lease was released, with the waiter whose turn it is; with an empty name, when any lease may be free. To who
   * has asked since he listens the release may grant it itself. `lost`: nothing more is heard. Returns the way to end it.
   */
  hear(heard: Hearing, lost?: () => void): Promise<() => Promise<void>>
}

/** `handed`: it was granted to `next`, after the last time that he asked and did not get it. */
export type Hearing = (name: string, next: string | null, handed?: Handed) => void

export interface Handed {
  fence: number
  ttlMs: number
}

/** What a root remembers of leases beside a shared store. */
export interface KeptLeases {
  /** Throws MemoryError or a file error where it cannot be kept: then the lease must not be used. */
  keep(lease: KeptLease): Promise<void>
  /** It ended, and so did those before it. */
  forget(name: string, fence: number): Promise<void>
  /** Those that may still be held. */
  kept(): Promise<KeptLease[]>
  /** Through which leases are granted, this one among them. */
  roots(): Promise<string[]>
  addRoots(ids: readonly string[]): Promise<void>
}

/** A program from before has a lock of its own for the same thing: whoever has one has both. */
export const LEGACY_LOCKS: Readonly<Record<string, string>> = { merge: 'prp:merge:lock' }
