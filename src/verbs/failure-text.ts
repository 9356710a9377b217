/** Errors as a person, or with --json a program, is told of them. */
import { foreseen, MemoryError, messageOf } from '../errors/errors.js'
import { formatJson } from './json.js'

/** Anything that was thrown as one of our errors: what is none of them, and no disk that refuses, is our bug. */
export function faultOf(error: unknown): MemoryError {
  return (
    foreseen(error) ??
    new MemoryError('internal', messageOf(error), {
      cause: error,
      suggestions: ['this is a defect of memory_sync: please report it with the command that you ran'],
    })
  )
}

export function formatFailure({ message, suggestions, code, cause }: MemoryError, prefix: string): string {
  const trace = code === 'internal' && cause instanceof Error ? `${cause.stack ?? ''}\n` : ''
  return `${prefix}: ${message}\n${suggestions.map((suggestion) => `  - ${suggestion}\n`).join('')}${trace}`
}

/** The one shape of every error with --json. */
export const formatFailureJson = ({ code, message, suggestions, details }: MemoryError): string =>
  formatJson({ error: { code, message, suggestions, details } })
