/** Flags of commands that write, as oclif wants them. */
import { MemoryError } from '../errors/errors.js'
import { commonFlags } from '../verbs/shapes.js'
import { oclifOption } from './shape.js'

// For commands that are no hot verbs.
export { conditionsOf, type ConditionFlags, numberText, wholeNumber } from '../verbs/conditions.js'

/** Throws MemoryError `usage` for a flag with an empty text: it was to say something, and would mean nothing or all. */
export function refuseEmpty<F extends string>(flags: Readonly<Partial<Record<F, string | undefined>>>, ...names: F[]): void {
  const empty = names.find((name) => flags[name]?.trim() === '')
  if (empty !== undefined) throw new MemoryError('usage', `--${empty} is empty`, { suggestions: ['give it a value, or leave it out'] })
}

export const byFlag = { by: oclifOption(commonFlags.by) }
export const fenceFlag = { fence: oclifOption(commonFlags.fence) }
export const keyFlag = { 'idempotency-key': oclifOption(commonFlags['idempotency-key']) }
export const ifRevFlag = { 'if-rev': oclifOption(commonFlags['if-rev']) }
