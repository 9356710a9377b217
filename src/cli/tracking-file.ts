/** A tracking file that somebody named: written as a whole or not at all. */
import { basename, dirname, join } from 'node:path'
import type { TreeMap } from '../domain/json.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { randomHex } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import { formatYaml } from '../usecases/tasks/yaml-text.js'

const DEFAULT_MODE = 0o644

/** Comments and order of a file that is there stay. Throws MemoryError `unavailable` where it cannot be written, or what stands there is no file. */
export async function writeTracking(path: string, document: TreeMap): Promise<void> {
  try {
    const real = await nodeFiles.resolve(path)
    const present = await nodeFiles.read(real)
    if (present?.unreadable !== undefined) throw new Error(present.unreadable) // a device would be gone, and a file in its place
    const text = formatYaml(document, present?.valid === true ? present.text : null)
    const temporary = join(dirname(real), `.${basename(real)}.${randomHex(8)}.tmp`)
    try {
      await nodeFiles.write(temporary, text, { durable: true, mode: (await nodeFiles.modeOf(real)) ?? DEFAULT_MODE })
      await nodeFiles.rename(temporary, real)
      await nodeFiles.syncDirectory(dirname(real))
    } finally {
      await nodeFiles.remove(temporary)
    }
  } catch (error) {
    throw new MemoryError('unavailable', `${path} cannot be written: ${messageOf(error)}`, {
      suggestions: ['name another file, or mend what stands there or is missing on the way there', 'without FILE it is printed to stdout'],
      cause: error,
    })
  }
}
