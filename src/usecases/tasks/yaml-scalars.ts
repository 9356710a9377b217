/** Texts, numbers and truth values between YAML and documents of ours: what is written is read back as it was, digit by digit. */
import { type Document, isMap, isPair, isScalar, isSeq, parseDocument, type Node, Scalar, type ScalarTag, type Tags, visit } from 'yaml'
import { leafOf } from '../../domain/json.js'

const FLOAT = 'tag:yaml.org,2002:float'
const INT = 'tag:yaml.org,2002:int'
const BOOL = 'tag:yaml.org,2002:bool'
const NULL = 'tag:yaml.org,2002:null'
const MERGE = 'tag:yaml.org,2002:merge'

/** What JSON, YAML 1.2 and the older programs (YAML 1.1) all take for a number. `27e7220` is a commit, and `1e-7` is a text to them. */
const PLAIN_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][-+]\d+)?)?$/
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/

/**
 * What the older programs take for a number, and JSON has no way to write: `0x1F`, `017`, `1_000`, `1:30`, `.inf` (YAML 1.1, as PyYAML has
 * it). It is a text here, with every character, and stays as it is in a file.
 */
const NUMBER_BEFORE =
  /^[-+]?(?:0b[01_]+|0x[\da-fA-F_]+|\d[\d_]*|[1-9][\d_]*(?::[0-5]?\d)+|\d[\d_]*(?::[0-5]?\d)*\.[\d_]*|\d[\d_]*\.[\d_]*[eE][-+]\d+|\.\d[\d_]*(?:[eE][-+]\d+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$/

/** Truth values of YAML 1.1. */
const TRUE = /^(?:yes|Yes|YES|on|On|ON)$/
const FALSE = /^(?:no|No|NO|off|Off|OFF)$/

/**
 * Half of a pair, which no file can hold but as an escape; a mark that is no text where a file begins with it; lines of which a
 * block would lose the space around them; what YAML 1.1 has a meaning of its own for.
 */
const ONLY_QUOTED = /\p{Surrogate}|\ufeff|\r|^[ \t][^]*\n|^\n|[ \t]\n|^=$/u

/** Members that are lists of the names of other work items. */
const REFERENCES: ReadonlySet<unknown> = new Set(['depends_on', 'dependencies'])

/** A number as it is written: a JavaScript number would round it. */
class Digits {
  constructor(readonly text: string) {}
}

/** A text that was read, and without quotes is a number to others. */
class AsWritten {
  constructor(readonly text: string) {}
}

const NO_NUMBER: ScalarTag = {
  tag: '!as-written', // never shown
  default: true,
  identify: (value) => value instanceof AsWritten,
  resolve: (source) => source,
  stringify: ({ value }) => (value as AsWritten).text,
}

const NUMBER: ScalarTag = {
  tag: FLOAT,
  default: true,
  test: PLAIN_NUMBER,
  identify: (value) => value instanceof Digits,
  resolve: (source) => new Digits(source),
  stringify: ({ value }) => (value as Digits).text,
}

/** The older programs read YAML 1.1: what it would take for a date or a truth value is quoted. */
export const READING = { compat: 'yaml-1.1', customTags: (tags: Tags): Tags => [NUMBER, NO_NUMBER, ...tags], keepSourceTokens: false } as const

/**
 * As the older programs read it: `yes` is true, `27e7220` is a commit, and no number; `0123`, `0x1F` and `.inf` are none in JSON.
 * What is no number to them is one where its tag says so, as in `!!float 1E5`.
 */
export function readAsBefore(document: Document): void {
  visit(document, {
    Scalar(key, node, path) {
      const { value, source, type, tag } = node
      const isName = key === 'key' || isReference(path) // which is text, whatever it looks like
      if (!isName && type === 'PLAIN' && (tag === undefined || tag === BOOL) && typeof value === 'string' && (TRUE.test(value) || FALSE.test(value))) node.value = TRUE.test(value)
      if (!isName && type === 'PLAIN' && tag === undefined && typeof value === 'string' && NUMBER_BEFORE.test(value)) node.value = new AsWritten(value)
      if (source === undefined || !(typeof value === 'number' || value instanceof Digits)) return
      const isTagged = tag === FLOAT || tag === INT
      Object.assign(node, (isTagged ? JSON_NUMBER : PLAIN_NUMBER).test(source) ? asNumber(source) : asText(source, isName))
    },
  })
}

/** In a list of names of others: written as the key is that it names. */
function isReference(path: readonly unknown[]): boolean {
  const [pair, list] = path.slice(-2)
  return isSeq(list) && isPair(pair) && isScalar(pair.key) && REFERENCES.has(pair.key.value)
}

const asText = (source: string, isName: boolean): object => ({
  ...NO_FORMAT,
  value: !isName && NUMBER_BEFORE.test(source) ? new AsWritten(source) : source,
  tag: undefined,
})

/** Formats of numbers of JavaScript, which is what the value is not any more. */
const NO_FORMAT = { format: undefined, minFractionDigits: undefined }

const asNumber = (source: string): object => ({
  ...NO_FORMAT,
  value: new Digits(source),
  tag: PLAIN_NUMBER.test(source) ? undefined : FLOAT,
})

/** Its tag says that it is a number, a truth value or null, and it is none. */
export const isMistagged = ({ value, tag }: Scalar): boolean => typeof value === 'string' && tag !== undefined && [INT, FLOAT, BOOL, NULL].includes(tag)

/** `<<`, by which a mapping has what stands in another one, too (https://yaml.org/type/merge.html). In quotes it is a key like any other. */
export const isMergeKey = (key: unknown): boolean =>
  isScalar(key) && key.type === 'PLAIN' && key.source === '<<' && (key.tag === undefined || key.tag === MERGE)

export function leafOfScalar({ value, source }: Scalar): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Digits) return value.text
  if (value instanceof AsWritten) return leafOf(value.text)
  if (typeof value === 'boolean') return String(value)
  return leafOf(typeof value === 'string' ? value : (source ?? JSON.stringify(value))) // no schema of ours makes anything else
}

export function scalarOfText(text: string): Scalar {
  const scalar = new Scalar(text)
  if (ONLY_QUOTED.test(text)) scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** `after` in the place of `before`: the comment behind it stays, and a text is in quotes where one was. */
export function inPlaceOf(before: unknown, after: Node): Node {
  if (!isScalar(before) || !isScalar(after)) return after
  if (before.comment !== undefined && before.comment !== null) after.comment = before.comment
  const wasQuoted = before.type === 'QUOTE_DOUBLE' || before.type === 'QUOTE_SINGLE'
  if (wasQuoted && before.type !== undefined && typeof after.value === 'string') after.type ??= before.type
  return after
}

/** Of JSON text that is no object: JSON is YAML. Of a key that stands twice in an object of an array the last one counts. */
export function nodeOfJson(text: string): Node {
  const document = parseDocument(text, { ...READING, uniqueKeys: false }) as unknown as Document
  visit(document, {
    Map(_key, map) {
      const last = new Map(map.items.map((pair) => [isScalar(pair.key) ? pair.key.value : pair.key, pair]))
      if (last.size < map.items.length) map.items = map.items.filter((pair) => last.get((pair.key as Scalar).value) === pair)
    },
    Scalar(_key, node) {
      const { source, type } = node
      if (type === 'PLAIN' && source !== undefined && JSON_NUMBER.test(source)) Object.assign(node, asNumber(source))
    },
  })
  if (!isMap(document.contents) && document.contents !== null) return document.contents
  throw new TypeError('an object is no leaf')
}
