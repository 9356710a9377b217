/** What went wrong in a command that oclif runs, its own complaints included. */
import { Errors } from '@oclif/core'
import { MemoryError } from '../errors/errors.js'
import { faultOf } from '../verbs/failure-text.js'
import { printedFailure } from '../verbs/printed.js'
import { printAll } from './streams.js'

/**
 * Prints it and returns the exit code. `prefix` comes before the message in the human form. Where the JSON cannot be written, the same is
 * said on stderr.
 */
export async function reportFailure(
  error: unknown,
  form: { json: boolean; prefix?: string },
): Promise<number> {
  const failure = failureOf(error)
  return printAll(printedFailure(failure, form)).catch(() => printAll(printedFailure(failure, { ...form, json: false })))
}

/** Anything that was thrown as one of our errors: what oclif says of a wrong call is `usage`, a disk that refuses is `unavailable`, all else is our bug. */
export const failureOf = (error: unknown): MemoryError =>
  error instanceof Errors.CLIError ? usageFailure(error) : faultOf(error)

function usageFailure(error: Errors.CLIError): MemoryError {
  // oclif appends its hint and, for some errors, the whole help; the message proper is the first paragraph.
  const message = error.message
    .replaceAll(ANSI_COLOUR, '')
    .replace(/\s*See more help with --help\s*/g, '')
    .replace(/\s*Note: --\S+ allows multiple values\.[^]*$/, '') // which is true of optional arguments only
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(
      /^command (\S+) not found\.?$/i,
      (_, id: string) => `there is no command ${JSON.stringify(id.replaceAll(':', ' '))}`,
    )
    .replaceAll(/\s+/g, ' ')
    .trim()
  const wayOut = message.startsWith('there is no command') ? 'memory_sync --help lists the commands' : 'add --help to see how it is called'
  return new MemoryError('usage', message, { suggestions: [wayOut], cause: error })
}

const ANSI_COLOUR = /\u001B\[[\d;]*m/g
