/** Errors as a person, or with --json a program, is told of them. */
import { Errors } from '@oclif/core'
import { MemoryError, messageOf } from '../errors/errors.js'
import { exitCodeOf } from './exit-codes.js'
import { formatJson } from './json.js'
import { printError, printOut } from './streams.js'

/** Prints it and returns the exit code. `prefix` comes before the message in the human form. */
export async function reportFailure(
  error: unknown,
  { json, prefix = 'Error' }: { json: boolean; prefix?: string },
): Promise<number> {
  const failure = failureOf(error)
  if (json) await printOut(`${formatFailureJson(failure)}\n`)
  else await printError(formatFailure(failure, prefix))
  return exitCodeOf(failure.code)
}

/** Anything that was thrown as one of our errors: what oclif says of a wrong call is `usage`, all else is our bug. */
export function failureOf(error: unknown): MemoryError {
  if (error instanceof MemoryError) return error
  if (error instanceof Errors.CLIError) return usageFailure(error)
  return new MemoryError('internal', messageOf(error), {
    cause: error,
    suggestions: ['this is a defect of memory_sync: please report it with the command that you ran'],
  })
}

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

export function formatFailure({ message, suggestions, code, cause }: MemoryError, prefix: string): string {
  const trace = code === 'internal' && cause instanceof Error ? `${cause.stack ?? ''}\n` : ''
  return `${prefix}: ${message}\n${suggestions.map((suggestion) => `  - ${suggestion}\n`).join('')}${trace}`
}

/** The one shape of every error with --json. */
export const formatFailureJson = ({ code, message, suggestions, details }: MemoryError): string =>
  formatJson({ error: { code, message, suggestions, details } })
