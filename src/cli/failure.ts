/** What went wrong in a command that oclif runs, its own complaints included. */
import { Errors, type Interfaces } from '@oclif/core'
import { MemoryError } from '../errors/errors.js'
import { faultOf } from '../verbs/failure-text.js'
import { printedFailure } from '../verbs/printed.js'
import { didYouMean, nearestCommands, nearestOf } from './nearest.js'
import { printAll } from './streams.js'

/**
 * Prints it and returns the exit code. `prefix` comes before the message in the human form. Where the JSON cannot be written, the same is
 * said on stderr. `commands`: the names that there are.
 */
export async function reportFailure(
  error: unknown,
  form: { json: boolean; prefix?: string; commands?: readonly string[] },
): Promise<number> {
  const failure = failureOf(error, form.commands)
  return printAll(printedFailure(failure, form)).catch(() => printAll(printedFailure(failure, { ...form, json: false })))
}

/** Anything that was thrown as one of our errors: what oclif says of a wrong call is `usage`, a disk that refuses is `unavailable`, all else is our bug. */
export const failureOf = (error: unknown, commands: readonly string[] = []): MemoryError =>
  error instanceof Errors.CLIError ? usageFailure(error, commands) : faultOf(error)

function usageFailure(error: Errors.CLIError, commands: readonly string[]): MemoryError {
  const missing = missingArgs(error)
  if (missing.length > 0) return withoutArgs(missing, error)
  // oclif appends its hint and, for some errors, the whole help; the message proper is the first paragraph.
  const message = error.message
    .replaceAll(ANSI_COLOUR, '')
    .replace(/\s*See more help with --help\s*/g, '')
    .replace(/\s*Note: --\S+ allows multiple values\.[^]*$/, '') // which is true of optional arguments only
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(
      /^command (\S+) not found\.?$/i,
      (_, id: string) => `there is no command ${id.startsWith('-') ? `in front of ${id}` : JSON.stringify(id.replaceAll(':', ' '))}`,
    )
    .replaceAll(/\s+/g, ' ')
    .trim()
  const stray = NO_COMMAND.exec(message)
  const suggestions =
    stray === null
      ? [...didYouMean(nearestFlags(error)), 'add --help to see how it is called']
      : [...didYouMean(nearestCommands(stray[1] ?? '', commands)), 'memory_sync --help lists the commands']
  return new MemoryError('usage', message, { suggestions, cause: error })
}

type Arg = Pick<Interfaces.Arg<unknown>, 'name' | 'description' | 'options'>

/** oclif does not export this class either; its message is a table, of which one line would be made here. */
function missingArgs(error: Errors.CLIError & { args?: unknown }): readonly Arg[] {
  return /^Missing \d+ required arg/.test(error.message) && Array.isArray(error.args) ? (error.args as Arg[]) : []
}

function withoutArgs(missing: readonly Arg[], cause: Error): MemoryError {
  const shown = missing.map(({ name, description = '', options }) => ({
    name: name.toUpperCase(),
    what: [description, options === undefined ? '' : `One of ${options.join(', ')}.`].filter((text) => text !== '').join(' '),
  }))
  return new MemoryError('usage', `Missing ${shown.length} required arg${shown.length === 1 ? '' : 's'}: ${shown.map(({ name }) => name).join(', ')}`, {
    suggestions: [...shown.map(({ name, what }) => `${name}: ${what}`), 'add --help to see how it is called'],
    cause,
  })
}

const NO_COMMAND = /^there is no command (?:"(.*)"$|in front of )/

/** oclif does not export the class of the error for unknown flags. */
function nearestFlags(error: Errors.CLIError & { flags?: unknown; parse?: { input?: { flags?: Record<string, { hidden?: boolean }> } } }): string[] {
  if (!Array.isArray(error.flags)) return []
  const known = Object.entries(error.parse?.input?.flags ?? {}).flatMap(([name, { hidden }]) => (hidden === true ? [] : [`--${name}`]))
  return [...new Set(error.flags.flatMap((flag) => nearestOf(String(flag).split('=', 1)[0] ?? '', known)))]
}

const ANSI_COLOUR = /\u001B\[[\d;]*m/g
