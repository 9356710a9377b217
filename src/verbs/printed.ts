/** What a command prints: everything on stdout with --json, else the result there and the rest on stderr. */
import type { Receipt } from '../usecases/receipt.js'
import { exitCodeOf } from './exit-codes.js'
import { faultOf, formatFailure, formatFailureJson } from './failure-text.js'
import { formatJson } from './json.js'

export interface Printed {
  code: number
  stdout: string
  stderr: string
}

/** What is to be told with a write: what was not done beside it, too. */
export const warningsOf = ({ journal }: { journal?: false }, warnings: readonly string[]): readonly string[] =>
  journal === false ? [...warnings, 'Redis has the write, but the disk refused the journal line'] : warnings

/** A write: silence, or with --json where it is. What else there is to know goes to stderr, or with --json into the reply. */
export function printedReceipt(receipt: Receipt, warnings: readonly string[], json: boolean): Printed {
  const all = warningsOf(receipt, warnings)
  if (!json) return { code: 0, stdout: '', stderr: all.map((warning) => `Warning: ${warning}\n`).join('') }
  return { code: 0, stdout: `${formatJson(all.length === 0 ? receipt : { ...receipt, warnings: all })}\n`, stderr: '' }
}

/** `prefix` comes before the message in the human form. */
export function printedFailure(error: unknown, { json, prefix = 'Error' }: { json: boolean; prefix?: string | undefined }): Printed {
  const failure = faultOf(error)
  const code = exitCodeOf(failure.code)
  if (json) return { code, stdout: `${formatFailureJson(failure)}\n`, stderr: '' }
  return { code, stdout: '', stderr: formatFailure(failure, prefix) }
}
