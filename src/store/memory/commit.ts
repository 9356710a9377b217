/** What Redis' commit script does: checks in the order of the contract, then all writes at once. */
import { applyChange, deletesRecord, emptyEntry, touchesRecord } from '../../domain/entry.js'
import { judge } from '../../domain/judge.js'
import { sameStamp } from '../../domain/lineage.js'
import { type Change, type Draft, numbered } from '../../domain/operation.js'
import type { Proposal, Roster, Verdict } from '../contract.js'
import { requireComparisons, touchedFields } from '../hash-fields.js'
import {
  type MemoryData,
  readEntry,
  readStored,
  recordAt,
  type Sync,
  writeField,
  writeKnowledge,
  writeRevision,
} from './data.js'

export interface CommitLimits {
  /** Entries that the stream keeps. */
  history: number
}

export function commitTo(data: MemoryData, run: string, proposal: Proposal, limits: CommitLimits): Verdict {
  requireComparisons(proposal, touchedFields(proposal.draft))
  const { sync, seen } = data
  if (sync === null || seen === null || sync.owner !== run) return { is: 'epoch' }
  const refusal = judge(proposal, {
    epoch: sync.epoch,
    seen: seen.get(proposal.draft.id),
    rev: lastRevision(data, sync),
    revOf: (id) => seen.get(id)?.rev,
    stored: readStored(data, proposal.draft.target),
    fence: proposal.fence === undefined ? null : (data.leases.get(proposal.fence.name)?.fence ?? null),
    first: sync.first,
  })
  if (refusal !== null) return refusal
  const change = appendChange(data, sync, proposal.draft, { floor: proposal.floor, history: limits.history })
  const { id, t, digest } = change
  seen.set(id, { id, rev: change.rev, t, ...(digest !== undefined && { digest }) })
  for (const given of proposal.gives ?? []) if (!seen.has(given.id)) seen.set(given.id, { ...given })
  if (touchesRecord(change)) applyTo(data, sync, change)
  return { is: 'committed', change }
}

const lastRevision = (data: MemoryData, sync: Sync): number => Math.max(data.counter, sync.rev)

/** Gives the draft its revision, and tells it in the stream. */
export function appendChange(data: MemoryData, sync: Sync, draft: Draft, { floor, history }: { floor: number; history: number }): Change {
  const prev = lastRevision(data, sync)
  const rev = Math.max(prev, floor) + 1
  const change = numbered(structuredClone(draft), rev, prev, sync.epoch)
  data.stream.push({ rev, text: JSON.stringify(change) })
  data.stream.splice(0, data.stream.length - history)
  data.counter = rev
  sync.rev = rev
  return change
}

export function sameRoster(a: Roster | null, b: Roster | null): boolean {
  if (a === null || b === null) return a === b
  if (a.live !== b.live || a.rev !== b.rev || a.born !== b.born) return false
  if (a.deleted === undefined || b.deleted === undefined) return a.deleted === b.deleted
  return sameStamp(a.deleted, b.deleted)
}

function applyTo(data: MemoryData, sync: Sync, change: Change): void {
  const { target } = change
  const record = recordAt(data, target)
  const roster = sync.roster.get(target)?.roster
  const entry = readEntry(target, roster, record) ?? emptyEntry()
  if (roster === undefined) entry.counts.clear() // what of them goes on to hold is said by the change
  applyChange(entry, change)
  if (deletesRecord(change)) {
    record.fields.clear()
    record.types.clear()
  }
  for (const field of touchedFields(change).written) writeField(target, record, field, entry.tree.get(field))
  writeRevision(record, entry.live ? entry.rev : null)
  writeKnowledge(record, entry)
  const { live, rev, born } = entry
  const deleted = live ? undefined : entry.stamps.get('')
  sync.roster.set(target, {
    roster: { live, rev, born, ...(deleted !== undefined && { deleted }) },
    hasTypes: record.types.size > 0,
  })
}
