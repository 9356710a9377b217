/** What is wrong with what roots have in the end, going by what their writers were told, and had seen. */
import type { Entry } from '../../src/domain/entry.js'
import { agentTarget, type Target } from '../../src/domain/operation.js'
import { overlaps } from '../../src/domain/pointer.js'
import { valueAt } from '../../src/domain/tree.js'
import type { Told } from './root-actor.js'

export const AGENTS = ['mary', 'gg'] as const
/** A number that is set, added to, deleted, and replaced by what is no number, also with what it stands in. */
export const NUMBER = '/context/box/number'
/** Only adds and inserts, and nobody deletes it. */
export const SUMS = agentTarget('sums')

interface Said {
  path: string
  /** null: nothing stands there; undefined: what stood there is another number. */
  value: string | null | undefined
}

/** What the edits of an operation say about leaves. */
const saidBy = ({ op }: Told): Said[] =>
  op.edits.map((edit) => ({ path: edit.path, value: edit.do === 'set' ? edit.value : edit.do === 'delete' ? null : undefined }))

export function complaintsOf(records: ReadonlyMap<Target, Entry>, told: readonly Told[]): string[] {
  const complaints: string[] = []
  for (const one of told) {
    const entry = records.get(one.op.target)
    for (const { path, value } of saidBy(one)) {
      const stands = entry?.live === true ? valueAt(entry.tree, path) : undefined
      const isThere = value === null || value === undefined || stands === value || (value === '{}' && typeof stands === 'object')
      const rivals = told.filter((other) => other !== one && other.op.target === one.op.target && saidBy(other).some((said) => overlaps(said.path, path)))
      if (!isThere && rivals.length === 0) complaints.push(`${one.op.target}${path} = ${value} has disappeared`)
      const beaten = rivals.find((other) => other.seen.has(one.op.id) && saidBy(other).some((said) => said.path === path && said.value !== undefined && said.value !== value))
      // Of what is above, a deletion brings down what beat it, and so does an empty object: see ARCHITECTURE, "Not there yet".
      const isEmptiedAbove = rivals.some((other) => saidBy(other).some((said) => said.path !== path && (said.value === null || said.value === '{}')))
      if (typeof value === 'string' && stands === value && beaten !== undefined && !isEmptiedAbove) complaints.push(`${one.op.target}${path} = ${value} is back`)
    }
  }
  for (const agent of AGENTS) complaints.push(...complaintsOfNumber(records.get(agentTarget(agent)), told.filter(({ op }) => op.target === agentTarget(agent))))
  const edits = told.filter(({ op }) => op.target === SUMS).flatMap(({ op }) => op.edits)
  const tree = records.get(SUMS)?.tree ?? new Map()
  const sum = edits.reduce((total, edit) => total + (edit.do === 'add' ? Number(edit.by) : 0), 0)
  const ids = edits.flatMap((edit) => (edit.do === 'insert' ? [edit.value] : []))
  if (Number(valueAt(tree, '/context/n') ?? 0) !== sum) complaints.push(`the sum is ${String(valueAt(tree, '/context/n'))}, not ${sum}`)
  const list = String(valueAt(tree, '/context/records') ?? '[]')
  if (ids.some((id) => list.split(id).length !== 2)) complaints.push(`not each entry once: ${list}, of ${ids.join()}`)
  return complaints
}

/** Where a write had seen all others of the number, but for additions that had seen it, it is what stands there, and these are added to it. */
function complaintsOfNumber(entry: Entry | undefined, all: readonly Told[]): string[] {
  const told = all.flatMap((one) => one.op.edits.map((edit) => ({ ...one, edit })))
  type One = (typeof told)[number]
  const isOfNumber = ({ edit }: One): boolean => overlaps(edit.path, NUMBER)
  const settles = ({ edit }: One): boolean => edit.do === 'delete' || (edit.do === 'set' && edit.value !== '{}')
  const isAfter = (one: One, last: One): boolean => one.seen.has(last.op.id) && (one.edit.do === 'add' || !isOfNumber(one))
  const knows = (last: One, other: One): boolean => other === last || last.seen.has(other.op.id) || isAfter(other, last) || !overlaps(other.edit.path, last.edit.path)
  const last = told.find((one) => isOfNumber(one) && settles(one) && told.every((other) => knows(one, other)))
  if (last === undefined) return []
  const added = told.flatMap((one) => (isAfter(one, last) && one.edit.do === 'add' ? [Number(one.edit.by)] : []))
  const before = last.edit.do === 'set' && last.edit.path === NUMBER ? Number(last.edit.value) : last.edit.path.length > NUMBER.length ? 'an object' : null
  const expected = typeof before === 'string' || added.length === 0 ? before : added.reduce((sum, by) => sum + by, before ?? 0)
  const value = entry?.live === true ? valueAt(entry.tree, NUMBER) : undefined
  const stands = value === undefined ? null : typeof value === 'string' ? Number(value) : 'an object'
  return stands === expected ? [] : [`the number of ${last.op.target} is ${stands}, not ${expected}`]
}
