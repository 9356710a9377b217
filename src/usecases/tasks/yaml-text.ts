/**
 * YAML as a document of ours, and a document written into YAML text: what does not change keeps its place, its style and its
 * comments. Loaded only by what reads or writes YAML.
 */
import { Document, isAlias, isMap, isScalar, isSeq, type Node, Pair, parseDocument, Scalar, visit, YAMLMap } from 'yaml'
import { formatLine, leafOf, MAX_DEPTH, stringOf, type Tree, type TreeMap } from '../../domain/json.js'
import { parsePointer } from '../../domain/pointer.js'
import { diffTrees, type LeafEdit } from '../../domain/tree.js'

export class InvalidYaml extends Error {
  override readonly name = 'InvalidYaml'
}

/** The older programs read YAML 1.1: what it would take for a date or a truth value is quoted. */
const READING = { compat: 'yaml-1.1', intAsBigInt: true, keepSourceTokens: false } as const
const WRITING = { lineWidth: 0, singleQuote: true, flowCollectionPadding: false } as const
/** References to anchors that are followed: each may contain others. */
const MAX_ALIASES = 1_000

/** Throws InvalidYaml, with the place, for text that is no YAML, for a key that stands twice, and for what is no mapping. */
export function parseYaml(text: string): TreeMap {
  return treeOfDocument(readDocument(text))
}

/** `tree` as YAML. `basis`: the text that is to be changed into it; one that cannot be read is not used. */
export function formatYaml(tree: TreeMap, basis: string | null): string {
  const document = basis === null ? emptyDocument() : basisOf(basis)
  for (const edit of diffTrees(treeOfDocument(document), tree)) apply(document, edit)
  return document.toString(WRITING)
}

function readDocument(text: string): Document {
  const document = parseDocument(text, READING) as unknown as Document
  const [error] = document.errors
  if (error !== undefined) throw new InvalidYaml(error.message.split('\n', 1)[0])
  readAsBefore(document)
  if (document.contents !== null && !isMap(document.contents)) throw new InvalidYaml('a mapping was expected')
  return document
}

const emptyDocument = (): Document => new Document(new YAMLMap(), READING)

function basisOf(text: string): Document {
  try {
    const document = readDocument(text)
    if (document.contents === null) document.contents = new YAMLMap()
    return document
  } catch (error) {
    if (error instanceof InvalidYaml) return emptyDocument()
    throw error
  }
}

// ---- reading

function treeOfDocument(document: Document): TreeMap {
  const reader = new Reader(document)
  const tree = document.contents === null ? new Map<string, Tree>() : reader.read(document.contents, 0)
  if (typeof tree === 'string') throw new InvalidYaml('a mapping was expected')
  return tree
}

class Reader {
  private aliases = 0

  constructor(private readonly document: Document) {}

  read(node: unknown, depth: number): Tree {
    if (depth > MAX_DEPTH / 2) throw new InvalidYaml('nested too deeply')
    if (isAlias(node)) {
      if (++this.aliases > MAX_ALIASES) throw new InvalidYaml('too many references')
      const target = node.resolve(this.document)
      if (target === undefined) throw new InvalidYaml(`there is no anchor ${JSON.stringify(node.source)}`)
      return this.read(target, depth + 1)
    }
    if (isMap(node)) return this.map(node, depth)
    if (isSeq(node)) return `[${node.items.map((item) => formatLine(this.read(item, depth + 1))).join(',')}]`
    return isScalar(node) ? leafOfScalar(node) : 'null'
  }

  private map(node: YAMLMap, depth: number): TreeMap {
    const map: TreeMap = new Map()
    for (const pair of node.items) {
      const key = keyOf(pair)
      if (map.has(key)) throw new InvalidYaml(`the key ${JSON.stringify(key)} stands twice`)
      map.set(key, this.read(pair.value, depth + 1))
    }
    return map
  }
}

const keyOf = ({ key }: Pair): string => {
  if (!isScalar(key)) return String(key)
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
}

function leafOfScalar({ value, source }: Scalar): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return source ?? String(value)
  if (typeof value === 'boolean') return String(value)
  return leafOf(typeof value === 'string' ? value : JSON.stringify(value)) // no schema of ours makes anything else
}

const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?$/

/** Truth values of YAML 1.1. */
const TRUE = /^(?:yes|Yes|YES|on|On|ON)$/
const FALSE = /^(?:no|No|NO|off|Off|OFF)$/

/**
 * As the older programs read it: `yes` is true, `27e7220` is a commit, and no number; `0123`, `0x1F` and `.inf` are none in JSON. What cannot be written
 * again digit by digit is a text.
 */
function readAsBefore(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      const { value, source, type } = node
      if (type === 'PLAIN' && typeof value === 'string' && (TRUE.test(value) || FALSE.test(value))) node.value = TRUE.test(value)
      if (source === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return
      const decimals = DECIMAL.exec(source)?.[1]?.length ?? 0
      const isExact = DECIMAL.test(source) && (typeof value === 'bigint' || (decimals <= 100 && value.toFixed(decimals) === source))
      if (!isExact) Object.assign(node, { value: source, format: undefined, minFractionDigits: undefined })
    },
  })
}

// ---- writing

function apply(document: Document, { path, value }: LeafEdit): void {
  const segments = parsePointer(path)
  const last = segments.pop()!
  let map = document.contents as unknown as YAMLMap
  for (const segment of segments) map = mapIn(document, map, segment)
  const pair = pairIn(map, last)
  if (value === null) map.items = map.items.filter((item) => item !== pair)
  else if (pair === undefined) map.items.push(new Pair<unknown, unknown>(new Scalar(last), nodeOf(value)))
  else if (value !== '{}' || !isMap(pair.value)) pair.value = replacement(pair.value, nodeOf(value))
}

const pairIn = (map: YAMLMap, key: string): Pair | undefined => map.items.find((pair) => keyOf(pair) === key)

/** The mapping at a key; what stands there and is none gives way, and a reference becomes a mapping of its own. */
function mapIn(document: Document, map: YAMLMap, key: string): YAMLMap {
  const pair = pairIn(map, key)
  if (pair !== undefined && isMap(pair.value)) return pair.value
  const kept = pair !== undefined && isAlias(pair.value) ? new Reader(document).read(pair.value, 0) : undefined
  const made = nodeOf(kept ?? '{}') as YAMLMap
  if (pair === undefined) map.items.push(new Pair<unknown, unknown>(new Scalar(key), made))
  else pair.value = made
  return made
}

/** A scalar keeps the comment behind it, and quotes where it had them. */
function replacement(before: unknown, after: Node): Node {
  if (!isScalar(before) || !isScalar(after)) return after
  if (before.comment !== undefined && before.comment !== null) after.comment = before.comment
  const wasQuoted = before.type === 'QUOTE_DOUBLE' || before.type === 'QUOTE_SINGLE'
  if (wasQuoted && before.type !== undefined && typeof after.value === 'string') after.type = before.type
  return after
}

function nodeOf(tree: Tree): Node {
  if (typeof tree !== 'string') {
    const map = new YAMLMap()
    for (const [key, value] of tree) map.items.push(new Pair<unknown, unknown>(new Scalar(key), nodeOf(value)))
    return map
  }
  if (tree === '{}') return new YAMLMap()
  const text = stringOf(tree)
  if (text !== undefined) return new Scalar(text)
  const document = parseDocument(tree, READING) as unknown as Document // JSON is YAML
  readAsBefore(document)
  return document.contents as Node
}
