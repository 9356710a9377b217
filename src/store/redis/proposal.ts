/** A proposal as the arguments of the commit script: every text that is written, but for the revision. */
import { changedTree, deletesRecord, touchesRecord } from '../../domain/entry.js'
import type { Tree } from '../../domain/json.js'
import { formatStamp } from '../../domain/lineage.js'
import type { Draft, Stamp } from '../../domain/operation.js'
import { MemoryError } from '../../errors/errors.js'
import type { Proposal } from '../contract.js'
import { bareField, encodeField, encodeName, requireComparisons, touchedFields } from '../hash-fields.js'
import { eventBefore } from './event.js'
import type { Keys } from './keys.js'
import { comparisons, typeEntry } from './record.js'
import { formatRoster, rosterField } from './roster.js'
import { seenArguments } from './seen.js'
import { encodePointer, stampChanges } from './stamps.js'

export interface CommitLimits {
  /** Changes that the stream keeps, about. */
  history: number
  /** Ids of applied operations that are kept. */
  ids: number
  /** How long idempotency keys are kept. */
  keysMs: number
}

export interface CommitFacts {
  run: string
  keys: Keys
  limits: CommitLimits
  /** Of the times in published events. */
  offsetMinutes: number
}

export function commitArguments(proposal: Proposal, facts: CommitFacts): { keys: string[]; args: string[] } {
  const { draft, fence } = proposal
  const { keys, limits } = facts
  const { record, types, stamps } = keys.of(draft.target)
  const fenced = fence === undefined ? { name: '', fence: '' } : textsOfFence(fence)
  const lease = fence === undefined ? keys.sync : keys.lease(fenced.name)
  const changes = stampChanges(draft)
  const fixed = [
    ...[proposal.epoch, facts.run, String(proposal.floor), draft.id, draft.digest ?? ''],
    ...[rosterField(draft.target), textOf(proposal.ifRev), fenced.fence],
    ...[expectedRoster(proposal), expectedLife(proposal), keys.updates],
    ...[eventBefore(draft, facts.offsetMinutes), '}', JSON.stringify(draft)],
    ...[String(limits.history), String(limits.ids), String(limits.keysMs)],
    ...[actionOf(draft), String(draft.t), stampText(changes.stamped.get(''))],
    ...[fenced.name, textOf(proposal.expect.follows?.rev), proposal.expect.follows?.id ?? ''],
  ]
  const lists = [
    [...(proposal.expect.fields ?? [])].flatMap(([name, token]) => comparisons(name, token)),
    ...writes(proposal),
    [...changes.dropped].map((path) => [encodePointer(path)]),
    [...changes.stamped].map(([path, stamp]) => [encodePointer(path), stampText(stamp)]),
    [...changes.counts],
    (proposal.gives ?? []).map(seenArguments),
  ]
  const args = fixed
  for (const list of lists) {
    args.push(String(list.length))
    for (const words of list) args.push(...words)
  }
  return { keys: [...keys.marks, keys.rev, keys.events, record, types, stamps, lease], args }
}

/** Hash fields to set (field, text, type entry) and to take out, as the draft leaves the record. */
function writes(proposal: Proposal): [set: string[][], unset: string[][]] {
  const { draft, before } = proposal
  const touched = touchedFields(draft)
  requireComparisons(proposal, touched)
  const after = changedTree(before?.tree ?? new Map<string, Tree>(), draft)
  const set: string[][] = []
  const unset: string[][] = []
  for (const name of touched.written) {
    const value = after.get(name)
    const bare = bareField(name)
    if (bare !== undefined) unset.push([bare])
    if (value === undefined) {
      unset.push([encodeName(name)])
      continue
    }
    const { raw, type } = encodeField(draft.target, name, value)
    set.push([encodeName(name), raw, type === undefined ? '' : typeEntry(type, raw)])
  }
  return [set, unset]
}

function actionOf(draft: Draft): 'none' | 'change' | 'adopt' | 'delete' {
  if (!touchesRecord(draft)) return 'none'
  if (deletesRecord(draft)) return 'delete'
  return draft.kind === 'adopt' ? 'adopt' : 'change'
}

/** The script takes '' for no condition: what is there and is none must not become that. Throws MemoryError `internal`. */
function textOf(number: number | undefined): string {
  if (number === undefined) return ''
  if (Number.isSafeInteger(number) && number >= 0) return String(number)
  throw new MemoryError('internal', `a condition of a write is no revision: ${String(number)}`)
}

/** As it came, whatever its type says. */
function textsOfFence(fence: Partial<Record<'name' | 'fence', unknown>> | null): { name: string; fence: string } {
  const { name, fence: number } = fence ?? {}
  if (typeof name === 'string' && name !== '' && typeof number === 'number') return { name, fence: textOf(number) }
  throw new MemoryError('internal', 'the fence of a write is none: it has no name, or no number')
}

const stampText = (stamp: Stamp | undefined): string => (stamp === undefined ? '' : formatStamp(stamp))

const expectedRoster = ({ expect: { roster } }: Proposal): string =>
  roster === undefined ? '' : roster === null ? '-' : formatRoster(roster)

const expectedLife = ({ expect: { live } }: Proposal): string => (live === undefined ? '' : live ? '1' : '0')
