/** `record`: the result of a piece of work, in the keys that the legacy readers know, in a list and in sums. */
import type { Memory } from '../core/memory.js'
import { formatLine, stringOf } from '../domain/json.js'
import { addNumbers } from '../domain/number.js'
import { formatPointer } from '../domain/pointer.js'
import { formatTime } from '../domain/time.js'
import { valueAt } from '../domain/tree.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { appendToLedger, ledgerOf } from './ledger.js'
import { conditionsIn, receiptOf, type Receipt, type WriteConditions } from './receipt.js'
import { addsOf, editsOfResult, type Result } from './result-edits.js'
import type { RootFiles, Surroundings } from './surroundings.js'
import { agentTargetOf } from './target.js'

export interface RecordRequest extends WriteConditions, Result {
  agent: string
  /** When it happened, ms; without it, now. Behind a newer result of the agent it only joins the list and the sums. */
  at?: number
  /** Also appended to the agent's ledger; blank counts as none. */
  learning?: string
}

export interface Recorded {
  receipt: Receipt
  /** What was recorded only in part, and why: the write itself is acknowledged. */
  warnings: string[]
}

/** Throws MemoryError: `usage` before anything is written, else what `receiptOf` says. */
export async function recordResult(
  surroundings: Surroundings,
  ledger: RootFiles,
  request: RecordRequest,
): Promise<Recorded> {
  const { memory, by } = surroundings
  const { agent, idempotencyKey } = request
  refuseEmpty('ID', request.subject)
  refuseEmpty('OUTCOME', request.outcome)
  refuseNumber('duration', request.durationMs)
  refuseNumber('score', request.score)
  refuseNumber('score before', request.scoreBefore)
  if (request.durationMs?.startsWith('-') === true) {
    throw new MemoryError('usage', `the duration ${request.durationMs.slice(0, 80)} is below zero; nothing was written`)
  }
  const learning = request.learning?.trim() === '' ? undefined : request.learning
  if (learning !== undefined) ledgerOf(ledger.root, agent)
  const target = await agentTargetOf(memory, agent)
  const { at = surroundings.clock.now() } = request
  const timestamp = formatTime(at, surroundings.clock.offsetMinutes())
  const isLate = request.at !== undefined && (await hasNewerResult(memory, agent, request.at))
  const edits = editsOfResult(agent, request, {
    timestamp,
    id: idempotencyKey ?? surroundings.random(),
    isLate,
    ...(learning !== undefined && { learning }),
  })
  const write = {
    target,
    kind: 'record' as const,
    by,
    payload: payloadOf(request),
    ...conditionsIn(request),
  }
  const warnings: string[] = []
  let outcome = await memory.write({ ...write, edits: [...edits, ...addsOf(request)] })
  if (!outcome.ok && outcome.reason === 'not-a-number') {
    // A sum that another program has overwritten must not cost the result itself.
    warnings.push(
      `not counted: ${outcome.paths.join(', ')} of ${agent} ${outcome.paths.length > 1 ? 'are no numbers' : 'is no number'}`,
    )
    const broken = new Set(outcome.paths)
    outcome = await memory.write({
      ...write,
      edits: [...edits, ...addsOf(request).filter(({ path }) => !broken.has(path))],
    })
  }
  const receipt = receiptOf(outcome, agent, request)
  if (learning !== undefined) {
    const line = { timestamp, outcome: request.outcome, learning }
    const isRepeated = receipt.replayed === true || (outcome.ok && outcome.repeated === true)
    await appendToLedger(ledger, agent, line, isRepeated).catch((error: unknown) => {
      warnings.push(`the learning is in the record, and may be missing in the ledger: ${messageOf(error)}`)
    })
  }
  return { receipt, warnings }
}

/** Nobody could tell what was done, or how it ended. */
function refuseEmpty(name: string, text: string): void {
  if (text !== '') return
  throw new MemoryError('usage', `${name} is empty`, {
    suggestions: ['memory_sync record AGENT ID OUTCOME [RESULT]: what was done, and how it ended, as T-12 completed'],
  })
}

/** What cannot be added exactly, and what the programs that read it would take for infinite. */
function refuseNumber(name: string, text = '0'): void {
  if (addNumbers('0', text) !== undefined && Number.isFinite(Number(text))) return
  throw new MemoryError('usage', `the ${name} ${text.slice(0, 80)} has too many digits to be counted with; nothing was written`)
}

async function hasNewerResult(memory: Memory, agent: string, at: number): Promise<boolean> {
  const snapshot = await memory.read()
  if (snapshot === null) return false
  const newest = valueAt(snapshot.context, formatPointer(['agents', agent, 'context', 'timestamp']))
  return Date.parse(stringOf(newest) ?? '') > at
}

/** What was asked for, without the time: the same on every repetition. */
const payloadOf = ({
  subject,
  outcome,
  result,
  durationMs,
  score,
  scoreBefore,
  error,
  learning,
}: RecordRequest): string =>
  JSON.stringify([subject, outcome, formatLine(result), durationMs, score, scoreBefore, error, learning])
