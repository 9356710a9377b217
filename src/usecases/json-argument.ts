/** JSON that a caller hands over as text: refused with the place and the reason, never guessed. */
import { InvalidJson, parseTree, type Tree, type TreeMap } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'

/** `name` says in messages what it is: "--patch", "RESULT". Throws MemoryError `usage`. */
export function parseJsonArgument(name: string, text: string): Tree {
  try {
    return parseTree(text)
  } catch (error) {
    if (!(error instanceof InvalidJson)) throw error
    throw new MemoryError('usage', `${name} is not valid JSON: ${error.message}`, {
      suggestions: [`check it with: printf '%s' '...' | jq .`],
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
