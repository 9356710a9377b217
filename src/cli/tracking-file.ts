/** A tracking file that somebody named: written as a whole or not at all. */
import { basename, dirname, join } from 'node:path'
import type { TreeMap } from '../domain/json.js'
import { ITEMS } from '../domain/tracking.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { ownPlaceAt } from '../memory/task-file.js'
import { absolutePath } from '../platform/absolute-path.js'
import { randomHex } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import { formatYaml, InvalidYaml, parseYaml } from '../usecases/tasks/yaml-text.js'

const DEFAULT_MODE = 0o644

/**
 * Comments and order of a file that is there stay. Throws MemoryError `unavailable` where it cannot be written, or what stands there is
 * no file; `usage` where it is something else than a tracking file, or memory_sync's own.
 */
export async function writeTracking(root: string, path: string, document: TreeMap): Promise<void> {
  const there = absolutePath(path)
  const own = ownPlaceAt(root, there)
  if (own !== undefined) throw refusedPlace(`${path} is no place for it: ${own} is for memory_sync itself`)
  try {
    const real = await nodeFiles.resolve(there)
    const present = await nodeFiles.read(real)
    if (present?.unreadable !== undefined) throw new Error(present.unreadable) // a device would be gone, and a file in its place
    if (present !== null && !isTracking(present)) throw refusedPlace(`${path} is there, and is no tracking file: it stays as it is`)
    const text = formatYaml(document, present?.text ?? null)
    const temporary = join(dirname(real), `.${basename(real)}.${randomHex(8)}.tmp`)
    try {
      await nodeFiles.write(temporary, text, { durable: true, mode: (await nodeFiles.modeOf(real)) ?? DEFAULT_MODE })
      await nodeFiles.rename(temporary, real)
      await nodeFiles.syncDirectory(dirname(real))
    } finally {
      await nodeFiles.remove(temporary)
    }
  } catch (error) {
    if (error instanceof MemoryError) throw error
    throw new MemoryError('unavailable', `${path} cannot be written: ${messageOf(error)}`, {
      suggestions: ['name another file, or mend what stands there or is missing on the way there', 'without FILE it is printed to stdout'],
      cause: error,
    })
  }
}

/** An empty file is there to be filled. */
function isTracking({ text, valid }: { text: string; valid: boolean }): boolean {
  if (!valid || text.trim() === '') return valid
  try {
    return parseYaml(text).has(ITEMS)
  } catch (error) {
    if (error instanceof InvalidYaml) return false
    throw error
  }
}

const refusedPlace = (message: string): MemoryError =>
  new MemoryError('usage', message, { suggestions: ['name another file; without FILE it is printed to stdout'] })
