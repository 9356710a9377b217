/** What is too large or too deep to be kept: refused before anything is written. */
import { kindOf, MAX_DEPTH, stringOf, type Tree, type TreeMap, formatLine } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'

/** UTF-8 bytes of one value: a string's own, everything else as one line of JSON. */
export const MAX_VALUE_BYTES = 1024 * 1024

/** Levels of the value of a key of a context: what lies around it in the document has to stay readable as a whole. */
const MAX_LEVELS = MAX_DEPTH - 20

const utf8Bytes = (text: string): number => Buffer.byteLength(text, 'utf8')

export const bytesOf = (value: Tree): number => utf8Bytes(stringOf(value) ?? formatLine(value))

/** `level`: of its key, from 1 on. Throws MemoryError `usage` where a value is over the limit, or nested so deeply that no reader could take it. */
export function refuseTooLarge(name: string, value: Tree, level = 1): void {
  const why = whyTooLarge(name, value, level)
  if (why !== undefined) throw why
}

/** The same as a value: undefined where it can be kept. */
export function whyTooLarge(name: string, value: Tree, level = 1): MemoryError | undefined {
  const bytes = bytesOf(value)
  if (bytes > MAX_VALUE_BYTES) {
    return new MemoryError('usage', `${name} has ${bytes} bytes; a value may have ${MAX_VALUE_BYTES} (1 MiB)`, {
      suggestions: ['keep large content in a file, and put its path here'],
      details: { bytes, limit: MAX_VALUE_BYTES },
    })
  }
  if (level - 1 + levelsOf(value) <= MAX_LEVELS) return undefined
  return new MemoryError('usage', `${name} is nested deeper than ${MAX_LEVELS} levels`)
}

/** The same for every member of a patch. */
export function refuseTooLargeMembers(patch: TreeMap): void {
  for (const [key, value] of patch) {
    refuseTooLarge('a key', JSON.stringify(key))
    refuseTooLarge(JSON.stringify(key.slice(0, 80)), value)
  }
}

function levelsOf(value: Tree): number {
  if (typeof value === 'string') return kindOf(value) === 'array' ? levelsOfText(value) : 0
  let deepest = 0
  for (const below of value.values()) deepest = Math.max(deepest, levelsOf(below))
  return deepest + 1
}

/** How deep brackets nest in a one-line JSON text, those in strings left out. */
function levelsOfText(text: string): number {
  let level = 0
  let deepest = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++level)
    else if (token === ']' || token === '}') level--
  }
  return deepest
}
