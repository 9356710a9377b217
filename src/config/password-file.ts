/** The file of `--redis-password-file`. */
import { readFileSync } from 'node:fs'
import { MemoryError, messageOf } from '../errors/errors.js'

/** Its text; undefined where none is named. Throws MemoryError `config` when it cannot be read. */
export function readPasswordFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new MemoryError('config', `the password file ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
