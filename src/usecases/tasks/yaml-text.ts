/**
 * YAML as a document of ours, and a document written into YAML text: what does not change keeps its place, its style and its
 * comments. Loaded only by what reads or writes YAML.
 */
import { Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, Pair, parseDocument, visit, YAMLMap } from 'yaml'
import { cloneMap, formatLine, MAX_DEPTH, stringOf, type Tree, type TreeMap } from '../../domain/json.js'
import { parsePointer } from '../../domain/pointer.js'
import { diffTrees, type LeafEdit, setLeaf, valueAt } from '../../domain/tree.js'
import { inPlaceOf, isMergeKey, isMistagged, leafOfScalar, nodeOfJson, READING, readAsBefore, scalarOfText } from './yaml-scalars.js'

export class InvalidYaml extends Error {
  override readonly name = 'InvalidYaml'
}

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
  const edits = diffTrees(treeOfDocument(document), tree)
  dissolveMerges(document)
  if (edits.length > 0) dissolveAliases(document)
  for (const edit of edits) apply(document, edit)
  return document.toString(WRITING)
}

/**
 * `edited` was made from a text of `written`. What YAML cannot say (of a key that stands twice in an object of an array only the last
 * one) nobody has changed who left it as it stood in that text: it is what it was.
 */
export function withoutLosses(edited: TreeMap, written: TreeMap): TreeMap {
  const shown = parseYaml(formatYaml(written, null))
  const whole = cloneMap(edited)
  for (const { path, value } of diffTrees(shown, written)) {
    const wasShown = valueAt(shown, path)
    if (value !== null && typeof wasShown === 'string' && valueAt(edited, path) === wasShown) setLeaf(whole, path, value)
  }
  return whole
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
    treeOfDocument(document)
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
    if (depth > MAX_DEPTH) throw new InvalidYaml('nested too deeply')
    if (isAlias(node)) {
      if (++this.aliases > MAX_ALIASES) throw new InvalidYaml('too many references')
      const target = node.resolve(this.document)
      if (target === undefined) throw new InvalidYaml(`there is no anchor ${JSON.stringify(node.source)}`)
      return this.read(target, depth + 1)
    }
    if (isMap(node)) return this.map(node.items, depth)
    if (isPair(node)) return this.map([node], depth) // in an ordered map, a list of members
    if (isSeq(node)) return `[${node.items.map((item) => formatLine(this.read(item, depth + 1))).join(',')}]`
    if (!isScalar(node)) return 'null'
    if (isMistagged(node)) throw new InvalidYaml(`${JSON.stringify(node.source)} is not what its tag says`)
    return leafOfScalar(node)
  }

  private map(items: readonly Pair[], depth: number): TreeMap {
    const map: TreeMap = new Map()
    for (const pair of items) {
      if (isMergeKey(pair.key)) continue
      const key = keyOf(pair)
      if (map.has(key)) throw new InvalidYaml(`the key ${JSON.stringify(key)} stands twice`)
      map.set(key, this.read(pair.value, depth + 1))
    }
    for (const [key, value] of this.merged(items, depth)) if (!map.has(key)) map.set(key, value)
    return map
  }

  /** What merge keys bring in; of several mappings the first one that has a key. */
  merged(items: readonly Pair[], depth: number): TreeMap {
    const merged: TreeMap = new Map()
    for (const { value } of items.filter(({ key }) => isMergeKey(key))) {
      const node = isAlias(value) ? value.resolve(this.document) : value
      for (const source of isSeq(node) ? node.items : [value]) {
        const tree = this.read(source, depth + 1)
        if (typeof tree === 'string') throw new InvalidYaml('what is merged with << has to be a mapping')
        for (const [key, member] of tree) if (!merged.has(key)) merged.set(key, member)
      }
    }
    return merged
  }
}

const keyOf = ({ key }: Pair): string => {
  if (key === null) return 'null'
  if (!isScalar(key)) throw new InvalidYaml('a key is a list, a mapping or a reference')
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
}

// ---- writing

/** What is merged stands there for itself then: it may be about to change, or to go, and `<<` would be written as a key like any other. */
function dissolveMerges(document: Document): void {
  visit(document, {
    Map(_key, map) {
      if (!map.items.some(({ key }) => isMergeKey(key))) return
      const merged = new Reader(document).merged(map.items, 0)
      map.items = map.items.filter(({ key }) => !isMergeKey(key))
      for (const [key, value] of merged) if (pairIn(map, key) === undefined) map.items.push(new Pair<unknown, unknown>(scalarOfText(key), nodeOf(value)))
    },
  })
}

/** Each reference becomes a value of its own: what it refers to may be about to change, or to go. */
function dissolveAliases(document: Document): void {
  visit(document, { Alias: (_key, alias) => nodeOf(new Reader(document).read(alias, 0)) })
}

function apply(document: Document, { path, value }: LeafEdit): void {
  const segments = parsePointer(path)
  const last = segments.pop()!
  let map = document.contents as unknown as YAMLMap
  for (const segment of segments) map = mapIn(map, segment)
  const pair = pairIn(map, last)
  if (value === null) map.items = map.items.filter((item) => item !== pair)
  else if (pair === undefined) map.items.push(new Pair<unknown, unknown>(scalarOfText(last), nodeOf(value)))
  else if (value !== '{}' || !isMap(pair.value)) pair.value = inPlaceOf(pair.value, nodeOf(value))
}

const pairIn = (map: YAMLMap, key: string): Pair | undefined => map.items.find((pair) => keyOf(pair) === key)

/** The mapping at a key; what stands there and is none gives way. */
function mapIn(map: YAMLMap, key: string): YAMLMap {
  const pair = pairIn(map, key)
  if (pair !== undefined && isMap(pair.value)) return pair.value
  const made = new YAMLMap()
  if (pair === undefined) map.items.push(new Pair<unknown, unknown>(scalarOfText(key), made))
  else pair.value = made
  return made
}

function nodeOf(tree: Tree): Node {
  if (typeof tree !== 'string') {
    const map = new YAMLMap()
    for (const [key, value] of tree) map.items.push(new Pair<unknown, unknown>(scalarOfText(key), nodeOf(value)))
    return map
  }
  if (tree === '{}') return new YAMLMap()
  const text = stringOf(tree)
  if (text !== undefined) return scalarOfText(text)
  return nodeOfJson(tree)
}
