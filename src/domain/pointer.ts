/** JSON Pointers (RFC 6901): the name of a leaf inside a record. The empty pointer is the record itself. */

export type Pointer = string

export const formatPointer = (segments: readonly string[]): Pointer =>
  segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export function parsePointer(pointer: Pointer): string[] {
  if (pointer === '') return []
  if (pointer.indexOf('/', 1) < 0) return [unescaped(pointer.slice(1))]
  const segments = pointer.slice(1).split('/')
  return segments.map(unescaped)
}

const unescaped = (segment: string): string =>
  segment.includes('~') ? segment.replaceAll('~1', '/').replaceAll('~0', '~') : segment

/** One of the two contains the other, or they are equal: a write to one is a write to the other. */
export const overlaps = (a: Pointer, b: Pointer): boolean => isWithin(a, b) || isWithin(b, a)

/** `inner` is `outer` or lies below it. */
export const isWithin = (inner: Pointer, outer: Pointer): boolean =>
  inner === outer || (inner.startsWith(outer) && (outer === '' || inner[outer.length] === '/'))

/** The first segment: the hash field in Redis that holds the leaf. */
export function fieldOf(pointer: Pointer): string {
  const end = pointer.indexOf('/', 1)
  return unescaped(end < 0 ? pointer.slice(1) : pointer.slice(1, end))
}
