/** What a line of ours looks like. A disk that failed may hold anything that parses; a wrong shape would stop every later start. */
import type { Change, Operation } from '../../domain/operation.js'
import type { JournalLine } from '../root.js'

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const hasTexts = (value: Record<string, unknown>, ...names: string[]): boolean => names.every((name) => typeof value[name] === 'string')
const hasNumbers = (value: Record<string, unknown>, ...names: string[]): boolean => names.every((name) => Number.isFinite(value[name]))

/** Each names a leaf, as a list of edits or of changed leaves does. */
const areAtPaths = (list: unknown): boolean =>
  Array.isArray(list) && list.every((item) => isObject(item) && typeof item['path'] === 'string')

export const isChange = (value: unknown): value is Change =>
  isObject(value) &&
  hasTexts(value, 'epoch', 'id', 'target', 'kind', 'by') &&
  hasNumbers(value, 'rev', 'prev', 't') &&
  areAtPaths(value['leaves'])

const isOperation = (value: unknown): value is Operation =>
  isObject(value) &&
  hasTexts(value, 'id', 'target', 'kind', 'baseEpoch', 'by', 'root') &&
  hasNumbers(value, 't', 'base') &&
  areAtPaths(value['edits'])

export function isJournalLine(value: unknown): value is JournalLine {
  if (!isObject(value)) return false
  return 'change' in value ? isChange(value['change']) : isOperation(value['op'])
}
