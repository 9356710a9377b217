/** A folder of our own, for a while. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryError, messageOf } from '../errors/errors.js'

/** Its path, which begins with `prefix`. Throws MemoryError `unavailable` where none can be made in `parent`: that of os.tmpdir(). */
export function makeTemporaryFolder(parent: string, prefix: string): string {
  try {
    return mkdtempSync(join(parent, prefix))
  } catch (error) {
    throw new MemoryError('unavailable', `no temporary folder can be made in ${parent} (TMPDIR): ${messageOf(error)}`, {
      suggestions: ['make that folder, or set TMPDIR to one in which this user can write'],
      cause: error,
    })
  }
}
