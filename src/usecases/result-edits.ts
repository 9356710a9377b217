/** A result as edits of the agent's record. */
import { formatLine, leafOf, type Tree, type TreeMap } from '../domain/json.js'
import type { Edit } from '../domain/operation.js'
import { formatPointer } from '../domain/pointer.js'
import { leavesOf } from '../domain/tree.js'
import { bytesOf, refuseTooLarge } from './limits.js'

export interface Result {
  /** Which task, proposal or other piece of work. */
  subject: string
  outcome: string
  result: Tree
  /** Texts of JSON numbers. */
  durationMs?: string
  score?: string
  scoreBefore?: string
  error?: string
}

/** Entries of `records` that are kept. */
export const RECORDS_KEPT = 20

/** A larger result stands in the list with its size only; the newest one is in `context.result` as a whole. */
export const MAX_LISTED_BYTES = 4096

/** Outcomes longer than this are counted together, so that free text does not make a new sum each time. */
const MAX_OUTCOME_KEY = 64

/** The keys that readers of the legacy hooks know, by agent. */
const LEGACY_KEYS: Readonly<
  Record<string, { subject: string; outcome: string; listed: string; listedOutcome: string }>
> = {
  mary: { subject: 'last_task', outcome: 'task_status', listed: 'task', listedOutcome: 'status' },
  rnd: { subject: 'last_proposal', outcome: 'outcome', listed: 'proposal', listedOutcome: 'outcome' },
}
const GENERIC_KEYS = { subject: 'last_id', outcome: 'outcome', listed: 'item', listedOutcome: 'outcome' }

const keysOf = (agent: string): typeof GENERIC_KEYS =>
  (Object.hasOwn(LEGACY_KEYS, agent) ? LEGACY_KEYS[agent] : undefined) ?? GENERIC_KEYS

/**
 * Everything but the sums. `id` names the entry of the list: the same id is the same entry. A late result leaves what the newest
 * one has set. Throws `usage` over the limits.
 */
export function editsOfResult(
  agent: string,
  result: Result,
  { timestamp, id, learning, isLate }: { timestamp: string; id: string; learning?: string; isLate: boolean },
): Edit[] {
  const keys = keysOf(agent)
  refuseTooLarge('RESULT', result.result)
  for (const text of [result.subject, result.outcome, result.error ?? '', learning ?? ''])
    refuseTooLarge('a text', leafOf(text))
  const now = leafOf(timestamp)
  const entry = listEntry(keys, result, { id, now, learning })
  const insert: Edit = { do: 'insert', path: '/context/records', value: formatLine(entry), keep: RECORDS_KEPT }
  if (isLate) return [insert]
  return [
    { do: 'set', path: '/status', value: leafOf('active') },
    { do: 'set', path: '/last_seen', value: now },
    { do: 'set', path: '/last_update', value: now },
    { do: 'set', path: `/context/${keys.subject}`, value: leafOf(result.subject) },
    { do: 'set', path: `/context/${keys.outcome}`, value: leafOf(result.outcome) },
    ...replacing('/context/result', result.result),
    { do: 'set', path: '/context/timestamp', value: now },
    insert,
  ]
}

/**
 * A result replaces the one before it: merged into it, it would be a mixture of both. A scalar in between makes the old
 * object give way without the key losing its place, as a deletion would.
 */
function replacing(path: string, value: Tree): Edit[] {
  if (typeof value === 'string') return [{ do: 'set', path, value }]
  const leaves = leavesOf(value, path).map((leaf): Edit => ({
    do: 'set',
    path: leaf.path,
    value: leaf.value ?? 'null',
  }))
  return [{ do: 'set', path, value: 'null' }, ...leaves]
}

function listEntry(
  keys: typeof GENERIC_KEYS,
  result: Result,
  { id, now, learning }: { id: string; now: string; learning: string | undefined },
): TreeMap {
  const bytes = bytesOf(result.result)
  const members: [string, Tree | undefined][] = [
    ['id', leafOf(id)],
    [keys.listed, leafOf(result.subject)],
    [keys.listedOutcome, leafOf(result.outcome)],
    ['timestamp', now],
    bytes <= MAX_LISTED_BYTES ? ['result', result.result] : ['result_bytes', String(bytes)],
    ['duration_ms', result.durationMs],
    ['score', result.score],
    ['score_before', result.scoreBefore],
    ['error', result.error === undefined ? undefined : leafOf(result.error)],
    ['learning', learning === undefined ? undefined : leafOf(learning)],
  ]
  return new Map(members.filter((member): member is [string, Tree] => member[1] !== undefined))
}

/** The sums: how many, how many with this outcome, and how long they took. */
export function addsOf({ outcome, durationMs }: Result): Extract<Edit, { do: 'add' }>[] {
  const name = outcome.length <= MAX_OUTCOME_KEY ? outcome : 'other'
  const add = (segments: string[], by: string): Extract<Edit, { do: 'add' }> => ({
    do: 'add',
    path: formatPointer(['context', 'totals', ...segments]),
    by,
  })
  return [
    add(['count'], '1'),
    add(['by_outcome', name], '1'),
    ...(durationMs === undefined ? [] : [add(['duration_ms'], durationMs)]),
  ]
}
