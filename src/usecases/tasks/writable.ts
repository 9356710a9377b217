/** Which part of an edit of many items can be kept: known before the first of them is written, as each is a write of its own. */
import { leafOf } from '../../domain/json.js'
import type { Edit } from '../../domain/operation.js'
import { parsePointer } from '../../domain/pointer.js'
import type { ItemEdit, TrackingEdit } from '../../domain/tracking-edit.js'
import type { MemoryError } from '../../errors/errors.js'
import { whyTooLarge } from '../limits.js'

export interface Writable {
  items: ItemEdit[]
  list: Edit[]
  /** `usage`, of what is over the limits: an item is left out as a whole, of the list the member. */
  refusals: MemoryError[]
}

export function writableOf({ items, list }: Pick<TrackingEdit, 'items' | 'list'>): Writable {
  const refusals: MemoryError[] = []
  const isWithin = (name: string, edit: Edit): boolean => {
    const why = whyNotKept(name, edit)
    if (why !== undefined) refusals.push(why)
    return why === undefined
  }
  return {
    items: items.filter(({ id, edits }) => edits.every((edit) => isWithin(id, edit))),
    list: list.filter((edit) => isWithin('', edit)),
    refusals,
  }
}

/** `name`: of what has the member. */
function whyNotKept(name: string, edit: Edit): MemoryError | undefined {
  if (edit.do !== 'set') return undefined
  const segments = parsePointer(edit.path)
  const place = `${name}${edit.path}`.slice(0, 80)
  const [largeKey] = segments.flatMap((segment) => whyTooLarge(`a key in ${place}`, leafOf(segment)) ?? [])
  return largeKey ?? whyTooLarge(place, edit.value, segments.length)
}
