/**
 * JSON that comes out as it went in. A JavaScript object would reorder keys such as "10", swallow `__proto__` and round
 * numbers, so a document is a tree of ordered Maps whose leaves are JSON *text*: a scalar or a whole array, in one line.
 */
import { InvalidJson, MAX_DEPTH, OWN_DEPTH, scanned, TooDeep } from './json-scan.js'

export { InvalidJson, MAX_DEPTH, OWN_DEPTH, TooDeep }

/** An object, or a leaf: the one-line JSON text of a scalar or an array. An empty object is an empty Map. */
export type Tree = TreeMap | string
export type TreeMap = Map<string, Tree>

/**
 * Parses strictly (what `JSON.parse` refuses is refused) and keeps key order, number texts and every key.
 * Throws InvalidJson for text that is no JSON, for duplicate keys and for nesting over so many levels.
 */
export function parseTree(text: string, levels = MAX_DEPTH): Tree {
  const value = parsed(text)
  // A number keeps its digits; a string is written as we write strings.
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return text.trim()
  refuseDeeper(value, levels)
  const body = text.trim()
  return printed(value, body) === body ? treeOf(value) : scanned(body, levels)
}

function refuseDeeper(value: unknown, levels: number, depth = 1): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > levels) throw new TooDeep(levels)
  for (const item of Object.values(value)) refuseDeeper(item, levels, depth + 1)
}

/** In one line, or as we lay it out. A text that is this has lost nothing in `JSON.parse`. */
const printed = (value: object, text: string): string => (text[1] === '\n' ? JSON.stringify(value, null, 2) : JSON.stringify(value))

/** Of what `JSON.parse` made and lost nothing of: takes a tenth of the time of looking at each character. */
function treeOf(value: unknown): Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const map: TreeMap = new Map()
  for (const [key, item] of Object.entries(value)) map.set(key, treeOf(item))
  return map
}

/** For its type, and because what `JSON.parse` refuses is refused. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InvalidJson(error instanceof RangeError ? 'nested too deeply' : (error as Error).message)
  }
}

/** Whether it is JSON at all: not all of it can be kept, see `parseTree`. */
export function isJson(text: string): boolean {
  try {
    parsed(text)
    return true
  } catch {
    return false
  }
}

/** Parses a document that has to be an object. */
export function parseTreeMap(text: string, levels = MAX_DEPTH): TreeMap {
  const tree = parseTree(text, levels)
  if (typeof tree === 'string') throw new InvalidJson(`an object was expected, not ${kindOf(tree)}`)
  return tree
}

/** What this product has written itself: nothing that it has taken is too deep to be read again. */
export const parseOwn = (text: string): TreeMap => parseTreeMap(text, OWN_DEPTH)

export type Kind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

export function kindOf(tree: Tree | undefined): Kind {
  if (tree === undefined) return 'null'
  if (typeof tree !== 'string') return 'object'
  switch (tree[0]) {
    case '[':
      return 'array'
    case '"':
      return 'string'
    case 't':
    case 'f':
      return 'boolean'
    case 'n':
      return 'null'
    default:
      return 'number'
  }
}

/** The value of a string leaf; undefined for anything else. */
export const stringOf = (tree: Tree | undefined): string | undefined =>
  typeof tree === 'string' && tree[0] === '"' ? (JSON.parse(tree) as string) : undefined

/** The leaf of a string. */
export const leafOf = (value: string): string => JSON.stringify(value)

/** One line, no spaces. */
export function formatLine(tree: Tree): string {
  if (typeof tree === 'string') return tree
  const parts: string[] = []
  for (const [key, value] of tree) parts.push(`${JSON.stringify(key)}:${formatLine(value)}`)
  return `{${parts.join(',')}}`
}

/** As `jq` and Python's `json.dumps(indent=2)` print it: two spaces a level, no final newline. */
export function formatPretty(tree: Tree, indent = ''): string {
  if (typeof tree === 'string') return tree[0] === '[' ? spread(tree, indent) : tree
  if (tree.size === 0) return '{}'
  const inner = `${indent}  `
  const parts: string[] = []
  for (const [key, value] of tree) parts.push(`${inner}${JSON.stringify(key)}: ${formatPretty(value, inner)}`)
  return `{\n${parts.join(',\n')}\n${indent}}`
}

/** Lays one-line JSON text out over lines; strings and number texts are copied as they are. */
function spread(text: string, indent: string): string {
  let out = ''
  let level = indent
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '"') {
      const end = endOfString(text, at)
      out += text.slice(at, end)
      at = end - 1
    } else if (character === '[' || character === '{') {
      const closing = text[at + 1]
      if (closing === ']' || closing === '}') {
        out += character + closing
        at++
      } else {
        level += '  '
        out += `${character}\n${level}`
      }
    } else if (character === ']' || character === '}') {
      level = level.slice(2)
      out += `\n${level}${character}`
    } else if (character === ',') out += `,\n${level}`
    else if (character === ':') out += ': '
    else out += character
  }
  return out
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Equal as documents: key order does not matter, number texts do. */
export function equalTrees(a: Tree | undefined, b: Tree | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (!equalTrees(value, b.get(key))) return false
  return true
}

export const cloneTree = (tree: Tree): Tree => (typeof tree === 'string' ? tree : cloneMap(tree))
export function cloneMap(map: TreeMap): TreeMap {
  const copy: TreeMap = new Map()
  for (const [key, value] of map) copy.set(key, cloneTree(value))
  return copy
}
