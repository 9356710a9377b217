/** The conditions that flags put on a write. */
import { MemoryError } from '../errors/errors.js'
import { isNumberText } from '../usecases/assignment.js'
import type { WriteConditions } from '../usecases/receipt.js'

export interface ConditionFlags {
  'if-rev'?: string | undefined
  fence?: string | undefined
  'idempotency-key'?: string | undefined
}

/** Throws MemoryError `usage` for a flag with an empty text: it was to say something, and would mean nothing or all. */
export function refuseEmpty<F extends string>(flags: Readonly<Partial<Record<F, string | undefined>>>, ...names: F[]): void {
  const empty = names.find((name) => flags[name]?.trim() === '')
  if (empty !== undefined) throw new MemoryError('usage', `--${empty} is empty`, { suggestions: ['give it a value, or leave it out'] })
}

/** Throws MemoryError `usage` for a value that cannot be meant. */
export function conditionsOf(flags: ConditionFlags): WriteConditions {
  const { 'if-rev': ifRev, fence, 'idempotency-key': idempotencyKey } = flags
  refuseEmpty(flags, 'idempotency-key')
  return {
    ...(ifRev !== undefined && { ifRev: wholeNumber('--if-rev', ifRev) }),
    ...(fence !== undefined && { fence: parseFence(fence) }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
}

/** `NAME:N`, split at the last colon: names may hold colons. */
function parseFence(text: string): { name: string; fence: number } {
  const at = text.lastIndexOf(':')
  if (at < 1) {
    throw new MemoryError('usage', `--fence ${JSON.stringify(text)} is no NAME:N`, {
      suggestions: ['NAME is the lease, and N the fence that lock acquire printed, as in deploy:42'],
    })
  }
  return { name: text.slice(0, at), fence: wholeNumber('--fence', text.slice(at + 1)) }
}

/** A whole number from 0 on. */
export function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new MemoryError('usage', `${name} expects a whole number, not ${JSON.stringify(text)}`, { suggestions: ['write it with digits alone, as 42'] })
}

/** The text of a JSON number, as it will stand in the record. */
export function numberText(name: string, text: string): string {
  if (isNumberText(text)) return text
  throw new MemoryError('usage', `${name} expects a number, not ${JSON.stringify(text)}`, { suggestions: ['write it as JSON has it, as 0.5, -3 or 1e6'] })
}
