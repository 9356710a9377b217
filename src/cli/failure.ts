/** What went wrong in a command that oclif runs, its own complaints included. */
import { Errors } from '@oclif/core'
import { MemoryError } from '../errors/errors.js'
import { faultOf } from '../verbs/failure-text.js'
import { printedFailure } from '../verbs/printed.js'
import { printAll } from './streams.js'

/** Prints it and returns the exit code. `prefix` comes before the message in the human form. */
export async function reportFailure(
  error: unknown,
  form: { json: boolean; prefix?: string },
): Promise<number> {
  return printAll(printedFailure(failureOf(error), form))
}

/** Anything that was thrown as one of our errors: what oclif says of a wrong call is `usage`, a disk that refuses is `unavailable`, all else is our bug. */
export const failureOf = (error: unknown): MemoryError =>
  error instanceof Errors.CLIError ? usageFailure(error) : faultOf(error)

function usageFailure(error: Errors.CLIError): MemoryError {
  // oclif appends its hint and, for some errors, the whole help; the message proper is the first paragraph.
  const message = error.message
    .replaceAll(ANSI_COLOUR, '')
    .replace(/\s*See more help with --help\s*/g, '')
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(
      /^command (\S+) not found$/,
      (_, id: string) => `there is no command ${JSON.stringify(id.replaceAll(':', ' '))}`,
    )
    .replaceAll(/\s+/g, ' ')
    .trim()
  return new MemoryError('usage', message, { suggestions: ['add --help to see how it is called'], cause: error })
}

const ANSI_COLOUR = /\u001B\[[\d;]*m/g
