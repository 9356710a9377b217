/** Flags of commands that write, as oclif wants them. */
import { commonFlags } from '../verbs/shapes.js'
import { oclifOption } from './shape.js'

// For commands that are no hot verbs.
export { conditionsOf, type ConditionFlags, numberText, refuseEmpty, wholeNumber } from '../verbs/conditions.js'

export const byFlag = { by: oclifOption(commonFlags.by) }
export const fenceFlag = { fence: oclifOption(commonFlags.fence) }
export const keyFlag = { 'idempotency-key': oclifOption(commonFlags['idempotency-key']) }
export const ifRevFlag = { 'if-rev': oclifOption(commonFlags['if-rev']) }
