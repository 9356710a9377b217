/** The file of `--redis-password-file`. */
import { MemoryError, messageOf } from '../errors/errors.js'
import { readTextOrPipe } from '../platform/read-text.js'

/** What came out of pipes: they can be read once, and a command asks more than once. */
const cameOut = new Map<string, string>()

/**
 * Its text; undefined where none is named. A program may write it to a pipe: <(pass ..), /dev/stdin. Throws MemoryError `config` when it
 * is neither, or cannot be read.
 */
export function readPasswordFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    const known = cameOut.get(path)
    if (known !== undefined) return known
    const { text, isPipe } = readTextOrPipe(path)
    if (isPipe) cameOut.set(path, text)
    return text
  } catch (error) {
    throw new MemoryError('config', `the password file ${path} cannot be read: ${messageOf(error)}`, {
      suggestions: ['name a file that can be read, with the password of Redis on one line'],
      cause: error,
    })
  }
}
