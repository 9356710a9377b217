/** What the engine is given: nothing of it knows a driver, a clock or chance of its own. */
import type { Replica } from '../domain/replica.js'
import type { Clock } from '../platform/clock.js'
import type { History, KeeperLock, Root } from '../store/root.js'
import type { Store } from '../store/contract.js'

export interface Ports {
  root: Root
  lock: KeeperLock
  clock: Clock
  /** 32 hex digits, new each time. */
  randomId: () => string
  /** SHA-256 as hex digits. */
  digest: (text: string) => string
  connector: Connector
  /** A store in which this root itself gives the revisions; only its keeper may use it. */
  fileStore: (keeper: LocalSequencer) => Store
  /** Things that a person who reads the hub's log wants to know. `mended`: it was so, and nothing is left to be done but to look at what was kept. */
  tell: (level: 'info' | 'warn' | 'error', text: string, mended?: 'mended') => void
}

/** How the shared store is found. */
export interface Connector {
  /**
   * `off`: files only, by choice. `named`: there is one, and while it is away conditional writes are refused.
   * `probed`: nothing was named; if none is found and none was ever met, it is files only.
   */
  readonly configured: 'off' | 'named' | 'probed'
  /** Never longer than its budget; null: away, and `reason` says why. Cheap while connected. */
  connect(): Promise<Store | null>
  readonly reason: string | null
  /** Without a password; null: none was found. */
  readonly url: string | null
  /** With which the keys begin there. */
  readonly namespace: string
  close(): Promise<void>
}

/** What the file store needs of the keeper whose replica it is. */
export interface LocalSequencer {
  readonly replica: Replica
  /** Never throws because the disk takes nothing: what was numbered is in the journal. */
  readonly history: History
  save(): Promise<void>
}

/** Epochs of shared stores and of roots without one are told apart by their first letter. */
export const sharedEpoch = (random: string): string => `r${random.slice(0, 12)}`
export const localEpoch = (random: string): string => `f${random.slice(0, 12)}`
export const isSharedEpoch = (epoch: string | null): boolean => epoch?.startsWith('r') ?? false
