/** `KEY=VALUE` and `KEY+=N` of the command line. */
import { InvalidJson, isJson, kindOf, leafOf, parseTree, type Tree } from '../domain/json.js'
import { addNumbers } from '../domain/number.js'
import type { Edit } from '../domain/operation.js'
import { formatPointer, type Pointer } from '../domain/pointer.js'
import { MemoryError } from '../errors/errors.js'
import { refuseTooLarge } from './limits.js'
import { editsOfMergePatch } from './merge-patch.js'

/**
 * The edits of one assignment below `under`. VALUE is JSON if it parses, else a string; an object is merged, null deletes;
 * KEY is split at its dots. Throws MemoryError `usage`; with `hasPatch` it says that --patch takes any key.
 */
export function editsOfAssignment(text: string, under: Pointer, { hasPatch = true }: { hasPatch?: boolean } = {}): Edit[] {
  const { key, adds, value } = split(text)
  const segments = key.split('.')
  if (segments.includes('')) throw malformed(text, 'a part of the key is empty', hasPatch ? '; --patch takes any key' : '')
  const path = under + formatPointer(segments)
  if (adds) return [{ do: 'add', path, by: addend(text, value) }]
  const tree = valueOf(text, value)
  refuseTooLarge(JSON.stringify(key.slice(0, 80)), tree, segments.length)
  if (typeof tree === 'object') return editsOfMergePatch(tree, path)
  return [kindOf(tree) === 'null' ? { do: 'delete', path } : { do: 'set', path, value: tree }]
}

function split(text: string): { key: string; adds: boolean; value: string } {
  const at = text.indexOf('=')
  if (at < 0) throw malformed(text, 'there is no "="')
  const adds = text[at - 1] === '+'
  return { key: text.slice(0, adds ? at - 1 : at), adds, value: text.slice(at + 1) }
}

function valueOf(text: string, value: string): Tree {
  try {
    return parseTree(value)
  } catch (error) {
    if (!(error instanceof InvalidJson)) throw error
    // It is JSON, but not such as can be kept (a key twice, too deep): taking it for a string would hide that.
    if (isJson(value)) throw malformed(text, error.message)
    return leafOf(value)
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Whether this is the text of a JSON number. */
export const isNumberText = (text: string): boolean => NUMBER.test(text)

function addend(text: string, value: string): string {
  if (!isNumberText(value)) throw malformed(text, 'only a number can be added')
  if (addNumbers('0', value) === undefined) throw malformed(text, 'the number has too many digits to be added exactly')
  return value
}

const malformed = (text: string, reason: string, besides = ''): MemoryError =>
  new MemoryError('usage', `${JSON.stringify(text.slice(0, 80))} is no KEY=VALUE: ${reason}`, {
    suggestions: [`write KEY=VALUE, KEY=null to delete, or KEY+=NUMBER to add${besides}`],
  })
