/** Records that a hook could not deliver: what stands in a file of the spool, and how it becomes a record after all. */
import { writableTime } from '../domain/time.js'
import { MemoryError } from '../errors/errors.js'
import { parseLenient } from './json-argument.js'
import { recordResult } from './record.js'
import type { RootFiles, Surroundings } from './surroundings.js'

export interface SpooledRecord {
  /** Of the first attempt: whatever became of that, the record is taken once. */
  idempotencyKey: string
  agent: string
  subject: string
  outcome: string
  /** When the hook was called, ms. */
  at: number
  /** As the hook got it. */
  result: string
}

const FIRST_FIELD = 'memory_sync record 1'
const LAST_FIELD = 'end'

/**
 * Fields that each end with a NUL, which no argument of a program can hold: `memory_sync record 1`, key, agent, id, outcome,
 * seconds since 1970, result, `end`. Throws MemoryError `usage` for anything else, as for a file that was cut off.
 */
export function parseSpooled(bytes: Uint8Array): SpooledRecord {
  // Lossy where bytes are no UTF-8, as the arguments of a program are.
  const fields = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\0')
  const [first, idempotencyKey = '', agent = '', subject = '', outcome = '', seconds = '', result = '', last] = fields
  if (first !== FIRST_FIELD) throw new MemoryError('usage', 'it is no record of a hook')
  if (last !== LAST_FIELD || fields.length !== 9) throw new MemoryError('usage', 'its end is missing')
  const at = Math.round(Number(seconds) * 1000)
  if (idempotencyKey === '' || !Number.isSafeInteger(at)) throw new MemoryError('usage', 'its key or its time is missing')
  return { idempotencyKey, agent, subject, outcome, at: writableTime(at), result }
}

/** Throws as `recordResult` does: `usage` for what can never be recorded. */
export async function takeSpooled(
  surroundings: Omit<Surroundings, 'by'>,
  ledger: RootFiles,
  { result, ...record }: SpooledRecord,
): Promise<void> {
  try {
    await recordResult({ ...surroundings, by: record.agent }, ledger, { ...record, result: parseLenient('RESULT', result) })
  } catch (error) {
    // The key is this very record's: it was taken, and its bytes were read in another way then.
    if (!(error instanceof MemoryError) || error.details['refusal'] !== 'other-payload') throw error
  }
}
