/** Documents as plain JavaScript values, for programs that use the library. */
import { formatLine, leafOf, MAX_DEPTH, type Tree, type TreeMap } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

/** What can be made a document: as JSON.stringify takes it, and bigint as an integer of any size. */
export type PlainInput =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly PlainInput[]
  | { readonly [key: string]: PlainInput }
  | { toJSON(): unknown }

/**
 * The same of a value that has a type of its own: an interface is no `{ [key: string]: .. }`, so its members are looked at one by one. What is
 * no JSON is `never`.
 */
export type PlainOf<T> = T extends PlainInput ? T : T extends AnyFunction ? never : T extends object ? { readonly [K in keyof T]: PlainOf<T[K]> } : never
/** The same of what has to be an object. */
export type PlainMembersOf<T> = T extends readonly unknown[] | AnyFunction | { toJSON(): unknown } ? never : PlainOf<T>

type AnyFunction = (...given: never[]) => unknown

const TOKEN = /"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g
/** Where a value may begin, a number of many digits or with an exponent: where there is none, JSON.parse can be trusted with all of them. */
const UNUSUAL_NUMBER = /(?:^|[[,:])\s*-?(?:\d[\d.]{15}|\d[\d.]*[eE])/
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** A number that JavaScript cannot hold (1e400, 0.1234567890123456789) and an integer beyond 2^53 come out as a string of their digits. */
export const plainOf = (tree: Tree): Plain => plainOfText(formatLine(tree))

/** The same of JSON text. */
export const plainOfText = (text: string): Plain =>
  JSON.parse(UNUSUAL_NUMBER.test(text) ? text.replaceAll(TOKEN, (token) => (isHeldByJavaScript(token) ? token : `"${token}"`)) : text) as Plain

function isHeldByJavaScript(token: string): boolean {
  if (token.startsWith('"')) return true
  const value = Number(token)
  // Of the integers beyond, every other one could be held: they would be numbers and strings in turn.
  if (!/[.eE]/.test(token)) return Number.isSafeInteger(value)
  return Number.isFinite(value) && canonical(String(value)) === canonical(token)
}

/** The same text for the same number, however it is written: its digits without zeros around them, and its exponent. */
function canonical(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  let end = digits.length
  while (digits[end - 1] === '0') end--
  if (end === 0) return '0'
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

/** What JSON cannot say. The names above it are put together only on the way out: of nearly every value nothing is refused. */
class Refused extends Error {
  private at = ''

  constructor(
    private readonly what: string,
    private readonly more = '',
  ) {
    super(what)
  }

  under(name: string | number): this {
    this.at = `/${name}${this.at}`
    return this
  }

  asError(): MemoryError {
    return new MemoryError('usage', `${this.what}${placed(this.at)}${this.more}`)
  }
}

/** Throws MemoryError `usage` for what JSON cannot say (NaN, a function, a Map, a promise), with its place, and for a value that contains itself. */
export const treeOf = (value: PlainInput): Tree => orTold(() => treeAt(value, 0))

function orTold<T>(made: () => T): T {
  try {
    return made()
  } catch (error) {
    throw error instanceof Refused ? error.asError() : error
  }
}

function treeAt(value: PlainInput, level: number): Tree {
  if (level > MAX_DEPTH)
    throw new MemoryError('usage', `a value is nested deeper than ${MAX_DEPTH} levels, or contains itself`)
  switch (typeof value) {
    case 'string':
      return leafOf(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value)
      throw new Refused(`${value} is no JSON number`)
    case 'object':
      return value === null ? 'null' : treeOfObject(value, level)
    case 'undefined':
      return 'null'
    default:
      throw new Refused(`a ${typeof value} is no JSON value`)
  }
}

/** Of what stands under a name. */
function treeUnder(name: string | number, value: PlainInput, level: number): Tree {
  try {
    return treeAt(value, level)
  } catch (error) {
    throw error instanceof Refused ? error.under(name) : error
  }
}

function treeOfObject(value: object, level: number): Tree {
  if (Array.isArray(value))
    return `[${Array.from(value as PlainInput[], (item, index) => formatLine(treeUnder(index, item, level + 1))).join(',')}]` // map() leaves holes out
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return treeAt((value as { toJSON(): PlainInput }).toJSON(), level + 1)
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return treeAt(value.valueOf(), level)
  if (isNothingInJson(value)) throw new Refused(`a ${value.constructor.name} is no JSON value`, ': nothing of it would be kept')
  return treeOfMembers(value as Readonly<Record<string, PlainInput>>, level)
}

const LONGEST_PLACE = 80

/** Of the value itself nothing need be said. */
const placed = (at: string): string => (at === '' ? '' : ` (at ${at.length > LONGEST_PLACE ? `${at.slice(0, LONGEST_PLACE)}...` : at})`)

/** What JSON.stringify makes `{}` of although it holds something: a Map, an Error, a promise that nobody waited for. Not a plain object, of any realm. */
export function isNothingInJson(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
  return !isPlain && (value instanceof Error || Object.keys(value).length === 0)
}

/**
 * As `treeOf`, of what a program without types may have handed over: throws MemoryError `usage` for what is no object.
 * `what` names it.
 */
export function treeOfObjectGiven(value: unknown, what: string): TreeMap {
  const tree = isObject(value) ? orTold(() => treeOfObject(value, 0)) : ''
  if (typeof tree === 'object') return tree
  throw new MemoryError('usage', `${what} has to be an object, and is ${kindName(value)}`)
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same of texts. */
export function textGiven(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new MemoryError('usage', `${what} has to be a string, and is ${kindName(value)}`)
}

export const kindName = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'an array' : value === undefined ? 'missing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`)

/** Members without a value are left out, as JSON.stringify does it. */
function treeOfMembers(value: Readonly<Record<string, PlainInput>>, level: number): TreeMap {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return new Map(members.map(([key, member]) => [key, treeUnder(key, member, level + 1)]))
}
