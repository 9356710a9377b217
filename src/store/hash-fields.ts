/**
 * The hash form of a record: one field a member, one line a value, readable and writable by legacy programs. A string is
 * its own text; everything else is JSON, and its type stands beside the record, since a string cannot tell it.
 */
import { formatLine, InvalidJson, kindOf, type Kind, leafOf, parseTree, stringOf, type Tree } from '../domain/json.js'
import { CONTEXT, type Draft, type Target } from '../domain/operation.js'
import { fieldOf } from '../domain/pointer.js'
import { MemoryError } from '../errors/errors.js'
import type { Proposal } from './contract.js'

/** The field with the record's revision; it is no member of the record. */
export const REV_FIELD = 'rev'

export interface FieldText {
  /** One line. */
  raw: string
  /** Where the text alone does not tell what it is. */
  type?: Kind
}

/** What ends a line somewhere (Python's splitlines knows the most), and halves of surrogate pairs, which UTF-8 lacks. */
const NOT_ONE_LINE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u
const TO_ESCAPE = /[\u007f-\u009f\u2028\u2029]/g

export function encodeField(target: Target, field: string, value: Tree): FieldText {
  if (target === CONTEXT) return { raw: oneLine(value) }
  if (field === 'context' && typeof value !== 'string') return { raw: oneLine(value) }
  const text = field === 'context' ? undefined : stringOf(value)
  if (text !== undefined && !NOT_ONE_LINE.test(text)) return { raw: text }
  return { raw: oneLine(value), type: kindOf(value) }
}

/** The member that a hash field holds. Undefined: a legacy program put something there that the field cannot mean. */
export function decodeField(target: Target, field: string, raw: string, typed: boolean): Tree | undefined {
  if (typed) return parsed(raw) ?? leafOf(raw)
  if (target === CONTEXT) return parsed(raw)
  if (field !== 'context') return leafOf(raw)
  const value = parsed(raw)
  return typeof value === 'object' ? value : undefined
}

function parsed(raw: string): Tree | undefined {
  try {
    return parseTree(raw)
  } catch (error) {
    if (error instanceof InvalidJson) return undefined
    throw error
  }
}

const oneLine = (value: Tree): string => formatLine(value).replace(TO_ESCAPE, escaped)
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * The name of a member as a hash field: itself, unless it is no single line; then its JSON text. Names that look like
 * such a text are written as JSON texts too, so that each field name means one member.
 */
export const encodeName = (name: string): string =>
  NOT_ONE_LINE.test(name) || nameBehind(name) !== undefined ? oneLine(leafOf(name)) : name

export const decodeName = (field: string): string => nameBehind(field) ?? field

function nameBehind(field: string): string | undefined {
  if (!field.startsWith('"')) return undefined
  const value = parsed(field)
  const name = stringOf(value)
  if (name === undefined || oneLine(leafOf(name)) !== field) return undefined
  return NOT_ONE_LINE.test(name) || nameBehind(name) !== undefined ? name : undefined
}

/**
 * The other hash field that means this member: the bare name, as programs write it that know nothing of ours. It stands beside ours where
 * they wrote it since: whoever writes the member takes it out. Undefined: no field but ours does.
 */
export const bareField = (name: string): string | undefined =>
  encodeName(name) !== name && decodeName(name) === name && name.isWellFormed() ? name : undefined

export interface TouchedFields {
  /** Every field that the draft writes. */
  written: Set<string>
  /** Of these, those whose new content depends on what stands there. */
  merged: Set<string>
}

/** The hash fields that a draft writes: whole fields, although a leaf may be a part of one. */
export function touchedFields(draft: Draft): TouchedFields {
  const written = new Set<string>()
  const merged = new Set<string>()
  let emptied = false
  for (const { path, value } of draft.leaves) {
    if (path === '') {
      if (value === null) emptied = true
      continue
    }
    const field = fieldOf(path)
    const isPart = value === '{}' || path.lastIndexOf('/') > 0
    if (isPart && !emptied && !written.has(field)) merged.add(field)
    written.add(field)
  }
  for (const { path } of draft.inserts ?? []) {
    const field = fieldOf(path)
    if (!emptied && !written.has(field)) merged.add(field)
    written.add(field)
  }
  return { written, merged }
}

/** Refuses a proposal that would write back a field without comparing it: a lost update. Our bug, never a user's. */
export function requireComparisons(proposal: Proposal, { written, merged }: TouchedFields): void {
  if (written.has(REV_FIELD)) throw new MemoryError('internal', `${proposal.draft.target}: a revision is no member`)
  for (const field of merged) {
    if (proposal.expect.fields?.has(field) === true) continue
    throw new MemoryError('internal', `${proposal.draft.target}: ${JSON.stringify(field)} is merged, and not compared`)
  }
}
