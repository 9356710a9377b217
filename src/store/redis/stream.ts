/** Entries of the stream as changes. */
import { type Change, type Draft, numbered } from '../../domain/operation.js'

/** Id, then field, value, ... */
export type StreamEntry = [id: string, fields: string[]]

export const revisionOf = ([id]: StreamEntry): number => Number(id.split('-', 1)[0])

/** Undefined for what another program wrote there. */
export function parseChange(entry: StreamEntry): Change | undefined {
  const [, fields] = entry
  const members = new Map<string, string>()
  for (let i = 0; i + 1 < fields.length; i += 2) members.set(fields[i]!, fields[i + 1]!)
  const epoch = members.get('epoch')
  const draft = draftOf(members.get('change'))
  if (draft === undefined || epoch === undefined) return undefined
  return numbered(draft, revisionOf(entry), Number(members.get('prev')), epoch)
}

function draftOf(text: string | undefined): Draft | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return isDraft(value) ? value : undefined
  } catch {
    return undefined // not JSON: not ours
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false
  const { id, t, target, leaves } = value as Partial<Record<keyof Draft, unknown>>
  return typeof id === 'string' && typeof t === 'number' && typeof target === 'string' && Array.isArray(leaves)
}
