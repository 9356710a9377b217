/** JSON that a caller hands over as text: refused with the place and the reason, never guessed. */
import { InvalidJson, isJson, leafOf, parseTree, type Tree, type TreeMap } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'
import { refuseTooLarge } from './limits.js'

/** `name` says in messages what it is: "--patch", "RESULT". Throws MemoryError `usage`. */
export function parseJsonArgument(name: string, text: string): Tree {
  try {
    return parseTree(text)
  } catch (error) {
    if (!(error instanceof InvalidJson)) throw error
    throw new MemoryError('usage', `${name} is not valid JSON: ${error.message}`, {
      // A key twice, and deep nesting, jq takes.
      suggestions: [isJson(text) ? 'write it otherwise: JSON has it, and a context cannot keep it' : `check it with: printf '%s' '...' | jq .`],
      cause: error,
    })
  }
}

/** The same where only an object makes sense. */
export function parseJsonObjectArgument(name: string, text: string): TreeMap {
  const tree = parseJsonArgument(name, text)
  if (typeof tree === 'string') throw new MemoryError('usage', `${name} has to be a JSON object, as {"key": "value"}`)
  return tree
}

/**
 * The same for callers that cannot be asked again: what is no JSON, or too deep to be kept as it is, becomes a string. A blank
 * text is `{}`. Throws MemoryError `usage` over the limit of a value.
 */
export function parseLenient(name: string, text: string): Tree {
  if (text.trim() === '') return parseTree('{}')
  try {
    const tree = parseJsonArgument(name, text)
    refuseTooLarge(name, tree)
    return tree
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== 'usage') throw error
    const asText = leafOf(text)
    refuseTooLarge(name, asText)
    return asText
  }
}
