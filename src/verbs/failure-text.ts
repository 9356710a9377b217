/** Errors as a person, or with --json a program, is told of them. */
import { foreseen, MemoryError, messageOf } from '../errors/errors.js'
import { formatJson } from './json.js'

/** Anything that was thrown as one of our errors: what is none of them, and no disk that refuses, is our bug. */
export function faultOf(error: unknown): MemoryError {
  const known = foreseen(error)
  if (known !== null) return known.code === 'usage' && known.suggestions.length === 0 ? withHelp(known) : known
  return new MemoryError('internal', messageOf(error), {
    cause: error,
    suggestions: ['this is a defect of memory_sync: please report it with the command that you ran'],
  })
}

/** For who has called a command: a program that calls the library has no --help. */
const withHelp = ({ code, message, details, cause }: MemoryError): MemoryError =>
  new MemoryError(code, message, { details, cause, suggestions: ['add --help to see how it is called'] })

export function formatFailure({ message, suggestions, code, cause }: MemoryError, prefix: string): string {
  const trace = code === 'internal' && cause instanceof Error ? `${cause.stack ?? ''}\n` : ''
  return `${prefix}: ${message}\n${suggestions.map((suggestion) => `  - ${suggestion}\n`).join('')}${trace}`
}

/** The one shape of every error with --json. */
export const formatFailureJson = ({ code, message, suggestions, details }: MemoryError): string =>
  formatJson({ error: { code, message, suggestions, details } })
