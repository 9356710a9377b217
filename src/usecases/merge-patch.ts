/** A merge patch (RFC 7386) as the edits that do the same. */
import { kindOf, type TreeMap } from '../domain/json.js'
import type { Edit } from '../domain/operation.js'
import { formatPointer, type Pointer } from '../domain/pointer.js'

/**
 * Edits below `at`. Where a patch only deletes, the object that it deletes from is made all the same, as the RFC has it;
 * where something is set, that makes the objects above it.
 */
export function editsOfMergePatch(patch: TreeMap, at: Pointer): Edit[] {
  const edits = [...patch].flatMap(([key, value]): Edit[] => {
    const path = at + formatPointer([key])
    if (typeof value === 'object') return editsOfMergePatch(value, path)
    return [kindOf(value) === 'null' ? { do: 'delete', path } : { do: 'set', path, value }]
  })
  return edits.some((edit) => edit.do === 'set') ? edits : [{ do: 'set', path: at, value: '{}' }, ...edits]
}
