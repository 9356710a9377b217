/**
 * What the product can do with a context. The use cases know nothing else of it; it is implemented in this process
 * (core/engine) and by the control socket of a running hub (client).
 */
import type { Leasing } from './leasing.js'
import type { Tree, TreeMap } from '../domain/json.js'
import type { Change, Edit, Kind, Target } from '../domain/operation.js'

/** Where an acknowledged write is: committed in Redis and in the local journal, or on this machine only. */
export type Durability = 'redis' | 'file'

export interface WriteRequest {
  target: Target
  kind: Kind
  edits: Edit[]
  /** Who, for the history. */
  by: string
  ifRev?: number
  fence?: { name: string; fence: number }
  /** As the user gave it; the same key is applied once. */
  idempotencyKey?: string
  /** What the key stands for: the user's arguments as canonical text, without times. */
  payload?: string
}

export type WriteOutcome =
  | {
      ok: true
      /** Final when durability is `redis` or Redis is off; else provisional, or null while not numbered. */
      rev: number | null
      durability: Durability
      /** Acknowledged writes of this machine that are not in Redis yet; 0 with Redis off. */
      pending: number
      /** The key had been used for this very write before: nothing was written again. */
      replayed?: true
      /** Somebody else had done it under the same id: what follows a write (a broadcast, a line in a ledger) is up to him. */
      repeated?: true
      /** Redis has it, but the disk refused the journal line. */
      journal?: false
    }
  | { ok: false; reason: 'conflict'; rev: number; current: Tree | null }
  | { ok: false; reason: 'fence'; fence: number }
  | { ok: false; reason: 'absent' } // a deletion of what is not there
  | { ok: false; reason: 'other-payload' } // the idempotency key was used for something else
  | { ok: false; reason: 'not-a-number'; paths: string[] }

export interface Snapshot {
  /** Of the whole context. */
  rev: number
  /** Who answered. */
  source: 'hub' | 'redis' | 'file'
  durability: Durability
  pending: number
  /** The document as context.json shows it: `{version, last_update, agents, ..., rev}`. */
  context: TreeMap
}

/** The work items, and what belongs to the list as a whole. */
export interface TaskSnapshot {
  /** Of the whole context. */
  rev: number
  source: Snapshot['source']
  durability: Durability
  pending: number
  /** The clock that decides on time limits (Redis', where there is one), ms. */
  now: number
  /** Member per id, in the order in which the items came to be: the record with its `rev`. */
  tasks: TreeMap
  /** What is known of the list: the members of its YAML form beside the items. */
  list: TreeMap
  /** When an item, and when the list, was changed last, ms; 0: never. */
  changedAt: { tasks: number; list: number }
}

/** One line of `watch` and of `log`, before it is printed. */
export type Notice =
  | {
      is: 'change'
      change: Change
      cursor: string
      /** Acknowledged on this machine and not numbered yet: `change.rev` is null then. */
      pending?: true
    }
  | { is: 'renumbered'; id: string; target: Target; from: string; rev: number; cursor: string }
  | { is: 'gap'; from: number; to: number }
  | { is: 'snapshot'; rev: number; cursor: string; context: TreeMap }
  | { is: 'message'; cursor: string; text: string } // what a legacy program published, an object's JSON text
  | { is: 'ready'; rev: number; cursor: string } // everything up to here was told; from now on live

export interface WatchRequest {
  /** A revision or a cursor; without it, from now on. */
  since?: string
  signal: AbortSignal
}

export interface Status {
  root: string
  /** `online`: Redis answers. `away`: configured or known, and it does not. `off`: files only. */
  redis: 'online' | 'away' | 'off'
  /** Without a password. */
  redisUrl: string | null
  /** With which the keys begin in Redis. */
  namespace: string
  redisReason: string | null
  redisLatencyMs: number | null
  hub: { running: boolean; pid: number | null; version: string | null; startedAt: string | null }
  rev: number
  epoch: string | null
  pending: number
  /** context.json shows the present revision. */
  fileIsCurrent: boolean
  agents: number
}

/** What file and Redis have, each read again after it was written. */
export interface Comparison {
  rev: number
  /** In Redis. */
  agents: number
  /** Work items in Redis; those of this root are compared with them. */
  items: number
  equal: boolean
}

export interface Memory {
  /**
   * Throws MemoryError: `unavailable` when nothing could take the write; then nothing was written. `unknown-outcome` where it had been sent
   * to somebody who did not answer, and may do it yet.
   */
  write(request: WriteRequest): Promise<WriteOutcome>
  /** null: there is no context anywhere. */
  read(): Promise<Snapshot | null>
  /** The document of `read` as the text that context.json has: for who does not take it apart. */
  readText(): Promise<string | null>
  readTasks(): Promise<TaskSnapshot>
  watch(request: WatchRequest): AsyncIterable<Notice>
  /** The history after a revision, oldest first. */
  history(since: number): Promise<Change[]>
  status(): Promise<Status>
  /** Reconciles file and Redis now, and verifies it by reading both back. Throws `unavailable` when Redis is away. */
  sync(): Promise<Comparison>
  /** Publishes an event on the legacy channel; it is a hint and is not kept. */
  publish(event: TreeMap): Promise<boolean>
  readonly leases: Leasing
  close(): Promise<void>
}
