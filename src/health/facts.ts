/** What the checks look at: gathered once, so that all of them speak of the same moment. */
import type { Status } from '../core/memory.js'

export type HubFact =
  | { is: 'running'; pid: number; version: string; startedAt: string; status: Status }
  | { is: 'absent' }
  | { is: 'silent'; pid: number | null } // somebody listens on its socket, and does not answer
  | { is: 'other-version'; pid: number; version: string }

export interface Facts {
  root: string
  /** ms */
  now: number
  hub: HubFact
  /** Seen by this process itself, past the hub. */
  own: Status
  /** What this process logs in with: nothing, the documented default of the legacy system, or another password. */
  password: 'none' | 'legacy-default' | 'own'
  /** null: the root takes writes; else why not. */
  notWritable: string | null
  file: { is: 'absent' | 'current' | 'edited' | 'unsettled' | 'broken'; reason?: string }
  /** Copies of files that could not be read, newest last. */
  setAside: readonly string[]
  journal: { lines: number; unreadable: number }
  /** ms; the oldest acknowledged write that is not in Redis; null: there is none. */
  oldestPendingMs: number | null
  /** null: nothing was ever changed. */
  lastChange: { t: number; what: string } | null
}
