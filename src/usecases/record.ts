/** `record`: the result of a piece of work, in the keys that the legacy readers know, in a list and in sums. */
import { formatLine } from '../domain/json.js'
import { messageOf } from '../errors/errors.js'
import { appendToLedger, ledgerOf } from './ledger.js'
import { receiptOf, type Receipt, type WriteConditions } from './receipt.js'
import { addsOf, editsOfResult, type Result } from './result-edits.js'
import { type RootFiles, type Surroundings, timeNow } from './surroundings.js'
import { agentTargetOf } from './target.js'

export interface RecordRequest extends WriteConditions, Result {
  agent: string
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
  const { agent, ifRev, fence, idempotencyKey } = request
  const learning = request.learning?.trim() === '' ? undefined : request.learning
  if (learning !== undefined) ledgerOf(ledger.root, agent)
  const target = await agentTargetOf(memory, agent)
  const timestamp = timeNow(surroundings)
  const edits = editsOfResult(agent, request, {
    timestamp,
    id: idempotencyKey ?? surroundings.random(),
    ...(learning !== undefined && { learning }),
  })
  const write = {
    target,
    kind: 'record' as const,
    by,
    payload: payloadOf(request),
    ...(ifRev !== undefined && { ifRev }),
    ...(fence !== undefined && { fence }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
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
  const receipt = receiptOf(outcome, agent)
  if (learning !== undefined) {
    const line = { timestamp, outcome: request.outcome, learning }
    await appendToLedger(ledger, agent, line, receipt.replayed === true).catch((error: unknown) => {
      warnings.push(`the learning is in the record, but not in the ledger: ${messageOf(error)}`)
    })
  }
  return { receipt, warnings }
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
