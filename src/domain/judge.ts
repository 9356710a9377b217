/** The verdict on a proposal, in the order in which every sequencer checks: the commit script in Lua does the same. */
import type { Entry } from './entry.js'
import { formatLine } from './json.js'
import type { Draft, Stamp, Target } from './operation.js'
import { isOtherPayload, type Replica } from './replica.js'
import type { Seen } from './seen-ids.js'

interface RosterEntry {
  live: boolean
  rev: number
  born: number
  deleted?: Stamp
}

interface StoredRecord {
  roster: RosterEntry | null
  entry: Entry | undefined
  tokens: Map<string, string>
  evicted: boolean
}

interface Judged {
  epoch: string
  draft: Draft
  expect: { roster?: RosterEntry | null; live?: boolean; fields?: Map<string, string | null>; follows?: { rev: number; id?: string } }
  ifRev?: number
  fence?: { name: string; fence: number }
}

export interface StoreFacts {
  /** null: none, lost, or another server process than the caller talks to. */
  epoch: string | null
  seen: Seen | undefined
  /** The last revision. */
  rev: number
  /** The revision with which an operation was applied. */
  revOf: (id: string) => number | undefined
  stored: StoredRecord
  /** The newest grant of the lease that the proposal names; null: there is none. */
  fence: number | null
  first: number
}

export type Refusal =
  | { is: 'epoch' }
  | { is: 'duplicate'; rev: number }
  | { is: 'other-payload'; rev: number }
  | { is: 'evicted' }
  | { is: 'fence'; fence: number }
  | { is: 'conflict'; rev: number }
  | { is: 'stale' }

/** Why it is not committed; null: it may be. */
export function judge(proposal: Judged, facts: StoreFacts): Refusal | null {
  const { draft, fence, ifRev } = proposal
  const { seen, stored } = facts
  if (facts.epoch === null || facts.epoch !== proposal.epoch) return { is: 'epoch' }
  if (seen !== undefined) {
    return { is: isOtherPayload(draft.digest, seen) ? 'other-payload' : 'duplicate', rev: seen.rev }
  }
  if (stored.evicted) return { is: 'evicted' }
  if (fence !== undefined && (facts.fence !== fence.fence || fence.fence < facts.first)) {
    return { is: 'fence', fence: facts.fence ?? 0 }
  }
  const rev = stored.roster?.live === true ? stored.roster.rev : 0
  if (ifRev !== undefined && ifRev !== rev) return { is: 'conflict', rev }
  return isStale(proposal.expect, facts) ? { is: 'stale' } : null
}

function isStale({ follows, ...expect }: Judged['expect'], { rev, revOf, stored: { roster, tokens } }: StoreFacts): boolean {
  if (follows !== undefined && (follows.rev !== rev || (follows.id !== undefined && revOf(follows.id) !== rev))) return true
  if (expect.roster !== undefined && !sameRoster(expect.roster, roster)) return true
  if (expect.live !== undefined && expect.live !== (roster?.live ?? false)) return true
  return [...(expect.fields ?? [])].some(([field, token]) => (tokens.get(field) ?? null) !== token)
}

const sameRoster = (a: RosterEntry | null, b: RosterEntry | null): boolean =>
  a === null || b === null ? a === b : a.live === b.live && a.rev === b.rev && a.born === b.born

/** A record of a replica as a store shows it: tokens are the fields' own texts. */
export function storedIn(replica: Replica, target: Target): StoredRecord {
  const entry = replica.entries.get(target)
  if (entry === undefined) return { roster: null, entry: undefined, tokens: new Map(), evicted: false }
  const roster: RosterEntry = { live: entry.live, rev: entry.rev, born: entry.born }
  const deleted = entry.stamps.get('')
  if (!entry.live && deleted !== undefined) roster.deleted = deleted
  return {
    roster,
    entry,
    tokens: new Map([...entry.tree].map(([field, value]) => [field, formatLine(value)])),
    evicted: false,
  }
}
