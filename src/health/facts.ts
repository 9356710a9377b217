/** What the checks look at: gathered once, so that all of them speak of the same moment. */
import type { Status } from '../core/memory.js'
import type { StoreUnavailable } from '../errors/errors.js'
import type { InstalledFact } from './installed.js'

export type HubFact =
  | { is: 'running'; pid: number; version: string; build: string | null; startedAt: string; status: Status }
  | { is: 'absent' }
  | { is: 'unseen'; why?: string } // it could not be looked for
  | { is: 'silent'; pid: number | null } // somebody listens on its socket, and does not answer
  | { is: 'other-version'; pid: number; version: string }

/** What a Redis that answers says of itself; null: it does not tell this user (an ACL), or this version has no such thing. */
export interface RedisFact {
  /** Why it takes no writes; null: it took one. */
  refusesWrites: string | null
  /** Why this user cannot tell others of changes, or cannot be told; null: both were tried. */
  refusesHints: { why: string; wayOut: string } | null
  /** Somebody without any password gets in. */
  isOpen: boolean | null
  maxmemory: number | null
  evictionPolicy: string | null
  appendOnly: boolean | null
  appendFsync: string | null
  /** Keys of ours that hold another type of value than they should. */
  foreignKeys: readonly string[]
  /** What no record can be made of: `<agent>.<field>`, or a key of another type under the prefix of the records. */
  unreadable: readonly string[]
  /** Its clock minus ours, ms. */
  skewMs: number | null
}

export interface AgentFact {
  name: string
  status: string
  /** ms; null: it does not say when. */
  seenAt: number | null
}

export interface Facts {
  root: string
  /** The folder of the hub's log is there. */
  hasLogs: boolean
  /** What could not be looked at, and why. */
  notSeen: readonly string[]
  /** Of this program. */
  version: string
  /** Which build of it this is, as a hub tells its own; null, here and there: nobody knows. */
  build: string | null
  /** null: nothing is installed for this root. */
  installed: InstalledFact | null
  /** ms */
  now: number
  hub: HubFact
  /** Processes that live and believe that they are the hub of this root. */
  hubPids: readonly number[]
  /** Who holds the keeper lock; null: nobody that lives. */
  keeperPid: number | null
  /** Seen by this process itself, past the hub. */
  own: Status
  /** False: the files of the root could not be looked into, and of `own` only what it says of Redis is so. */
  isOwnSeen: boolean
  /** null: no connection. */
  redis: RedisFact | null
  /** Why there is none; null: nothing was tried, or it is not known. */
  redisFailure: Pick<StoreUnavailable, 'because' | 'suggestions'> | null
  /** It is the one that an installation has given to the hub of this root. */
  isPrivateRedis: boolean
  /** What this process logs in with: nothing, the documented default of the legacy system, one that is guessed at once, or another. */
  password: 'none' | 'legacy-default' | 'weak' | 'own'
  /** `open`: files with a secret that others than their owner can open. null: no file has one. */
  secrets: { open: readonly string[] } | null
  /** null: the root takes writes; else why not. */
  notWritable: string | null
  /** Of the root's file system; null: it does not say. `totalFiles` 0: it has no such limit. */
  disk: { freeBytes: number; totalBytes: number; freeFiles: number; totalFiles: number } | null
  /** Of our folder: what others than its owner can read or write. */
  openToOthers: readonly string[]
  /** Of the root: what this user cannot read, or not write. `isOwn`: it belongs to this user, who may open it. */
  closedToUs: readonly { path: string; isOwn: boolean }[]
  /** Unfinished files of processes that have ended. */
  leftovers: readonly string[]
  file: { is: 'absent' | 'current' | 'edited' | 'unsettled' | 'broken' | 'unseen'; reason?: string }
  /** Where context.json is a link to a file in a folder that is not there, so that no write can make it: to which file. */
  fileLeadsTo: string | null
  /** Copies of files that could not be read, newest last. */
  setAside: readonly string[]
  /** Why the saved state cannot be read; null: it can, or there is none yet. */
  stateBroken: string | null
  /** null, here and in the next line: it could not be looked at. */
  journal: { lines: number; unreadable: number } | null
  history: { lines: number; unreadable: number } | null
  /** Names of leases whose files cannot be read. */
  brokenLeases: readonly string[]
  /** `inTheWay`: something that is no folder stands there. `strays`: what is named as a drop and can be none, with the reason. */
  inbox: { is: 'absent' | 'there' | 'inTheWay'; rejected: number; strays: readonly string[] }
  /** The same of records that hooks could not deliver. */
  spool: { rejected: number; strays: readonly string[] }
  /** ms; the oldest acknowledged write that is not in Redis; null: there is none. */
  oldestPendingMs: number | null
  /** The newest time of a write in the journal, ms; 0: there is none. */
  newestT: number
  /** null: they could not be looked at. */
  agents: readonly AgentFact[] | null
  /** null: nothing was ever changed. */
  lastChange: { t: number; what: string } | 'unseen' | null
}
