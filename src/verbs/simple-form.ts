/**
 * Calls that need no framework to be understood. What is in any way unusual (help, an unknown flag, one that is given twice,
 * a missing argument, a value that begins with a dash) is null: oclif reads it, and says what is wrong with it.
 */
import type { VerbCall, VerbShape } from './shape.js'
import { type HotVerb, isHotVerb, shapes, storeFlagShapes } from './shapes.js'

export interface SimpleCall {
  verb: HotVerb
  call: VerbCall
}

export function parseSimple(argv: readonly string[]): SimpleCall | null {
  const [verb, ...rest] = argv
  if (!isHotVerb(verb)) return null
  const shape: VerbShape = shapes[verb]
  const tokens = readTokens(rest, shape)
  if (tokens === null) return null
  const { positional, flags, json } = tokens
  const names = Object.entries(shape.arguments)
  if (!shape.takesMore && positional.length > names.length) return null
  if (names.some(([, { required }], n) => required === true && positional[n] === undefined)) return null
  const args = Object.fromEntries(names.map(([name], n) => [name, positional[n]]))
  return { verb, call: { args, flags, positional, json } }
}

function readTokens(tokens: readonly string[], shape: VerbShape): Omit<VerbCall, 'args'> | null {
  const shapesOfFlags: VerbShape['flags'] = { ...storeFlagShapes, ...shape.flags, json: { summary: '' } }
  const flags: Record<string, string> = {}
  const positional: string[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token === '--') {
      positional.push(...tokens.slice(at + 1))
      break
    }
    if (!token.startsWith('-') || token === '-') {
      positional.push(token)
      continue
    }
    const [, name = '', glued] = /^--([a-z-]+)(?:=(.*))?$/s.exec(token) ?? []
    if (!Object.hasOwn(shapesOfFlags, name) || Object.hasOwn(flags, name)) return null
    const takesValue = shapesOfFlags[name]!.value !== undefined
    if (!takesValue && glued !== undefined) return null
    const value = takesValue ? (glued ?? tokens[++at]) : ''
    if (value === undefined || (takesValue && (value === '' || value.startsWith('-')))) return null
    flags[name] = value
  }
  return { positional, flags, json: Object.hasOwn(flags, 'json') }
}
