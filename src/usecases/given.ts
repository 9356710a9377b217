/**
 * What a program hands to the library. Types say nothing of it while it runs: each value is looked at once and checked before anything is
 * asked of anybody, so that a hub, Redis and files refuse the same. All of these throw MemoryError `usage`.
 */
import { MemoryError } from '../errors/errors.js'
import { refuseIllegal } from './lock.js'
import { isNothingInJson, isObject, kindName, type PlainInput, textGiven, treeOf } from './plain.js'

/** `what` names it in messages. */
type Check<T> = (value: unknown, what: string) => T
type Checks = Readonly<Record<string, Check<unknown>>>
type Checked<C extends Checks> = { [K in keyof C]?: ReturnType<C[K]> }

/** What setTimeout can count to, ms: some 24 days. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

/** A getter, a proxy or a toJSON may throw, and anything. */
export function lookedAt<T>(what: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (error instanceof MemoryError) throw error
    const reason = error instanceof Error ? error.message : `${kindName(error)} was thrown`
    throw new MemoryError('usage', `${what} cannot be read: ${reason}`, { cause: error })
  }
}

/**
 * The options that were given; what is undefined was not. A name that is not known is refused: it would be a condition that is silently left
 * out.
 */
export function optionsGiven<C extends Checks>(value: unknown, what: string, checks: C): Checked<C> {
  if (value === undefined) return {}
  return lookedAt(what, () => {
    const options = membersGiven(value, what)
    const unknown = Object.keys(options).find((name) => !Object.hasOwn(checks, name))
    if (unknown !== undefined) {
      throw new MemoryError('usage', `${what} cannot have ${JSON.stringify(unknown.slice(0, 80))}`, {
        suggestions: [`there may be: ${Object.keys(checks).join(', ')}`],
      })
    }
    const given = Object.entries(checks).flatMap(([name, check]) => {
      const member = options[name]
      return member === undefined ? [] : [[name, check(member, `${name} in ${what}`)]]
    })
    return Object.fromEntries(given) as Checked<C>
  })
}

/** Not a Map or a promise either: nothing of them would be found. */
function membersGiven(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isObject(value) && !isNothingInJson(value)) return value as Readonly<Record<string, unknown>>
  throw new MemoryError('usage', `a plain object is expected for ${what}, not ${kindName(value)}`)
}

/** Of an argument of its own, which may throw as options may. */
export const nameGiven = (value: unknown, what: string): string => lookedAt(what, () => textGiven(value, what))

export function leaseNameGiven(value: unknown, what: string): string {
  const name = nameGiven(value, what)
  refuseIllegal(name)
  return name
}

const wholeNumberFrom =
  (least: number): Check<number> =>
  (value, what) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
    throw new MemoryError('usage', `${what} has to be a whole number from ${least} on, and is ${shown(value)}`)
  }

const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : kindName(value))

export const ttlGiven: Check<number> = (value, what) => lookedAt(what, () => wholeNumberFrom(1)(value, what))

const waitGiven: Check<number> = (value, what) => Math.min(wholeNumberFrom(0)(value, what), LONGEST_WAIT_MS)

/** A lease may be given as it is: what it has besides is no part of its fence. */
const fenceGiven: Check<{ name: string; fence: number }> = (value, what) => {
  const { name, fence } = membersGiven(value, what)
  return { name: leaseNameGiven(name, `the name in ${what}`), fence: wholeNumberFrom(0)(fence, `the number in ${what}`) }
}

/** As the text that stands in the record. */
const numberGiven: Check<string> = (value, what) => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  throw new MemoryError('usage', `${what} has to be a number, and is ${shown(value)}`)
}

/** A revision as lines have it, or a cursor. */
const sinceGiven: Check<string> = (value, what) => (typeof value === 'number' ? String(wholeNumberFrom(0)(value, what)) : textGiven(value, what))

function signalGiven(value: unknown, what: string): AbortSignal {
  if (value instanceof AbortSignal) return value
  throw new MemoryError('usage', `${what} has to be an AbortSignal, and is ${kindName(value)}`)
}

export const CONDITIONS = { ifRev: wholeNumberFrom(0), fence: fenceGiven, idempotencyKey: textGiven }

export const RESULT = {
  ...{ id: textGiven, outcome: textGiven, result: (value: unknown) => treeOf(value as PlainInput) },
  ...{ durationMs: numberGiven, score: numberGiven, scoreBefore: numberGiven, error: textGiven, learning: textGiven },
  ...CONDITIONS,
}

export const LEASE = { ttlMs: ttlGiven, waitMs: waitGiven, token: filledGiven, reason: textGiven, signal: signalGiven }
export const WATCH = { agent: textGiven, event: textGiven, since: sinceGiven, signal: signalGiven }
export const OPEN = { root: filledGiven, redisUrl: filledGiven, redisPasswordFile: filledGiven, by: filledGiven }

/** An empty one is of a variable that was never set: such a token would be everybody's, what such a name did nobody's, and such a root the usual one. */
function filledGiven(value: unknown, what: string): string {
  const text = textGiven(value, what)
  if (text.trim() !== '') return text
  throw new MemoryError('usage', `${what} is empty`, { suggestions: ['give it a value, or leave it out'] })
}
