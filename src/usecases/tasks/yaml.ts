/** A tracking file as a document of ours. */
import type { TreeMap } from '../../domain/json.js'
import { MemoryError } from '../../errors/errors.js'
import { InvalidYaml, parseYaml } from './yaml-text.js'

/** Throws MemoryError `usage` for what is no YAML. */
export function parseTracking(name: string, text: string): TreeMap {
  try {
    return parseYaml(text)
  } catch (error) {
    if (!(error instanceof InvalidYaml)) throw error
    throw new MemoryError('usage', `${name} cannot be read: ${error.message}`, {
      suggestions: ['mend it; nothing was imported'],
      cause: error,
    })
  }
}
