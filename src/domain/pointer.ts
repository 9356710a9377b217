/** JSON Pointers (RFC 6901): the name of a leaf inside a record. The empty pointer is the record itself. */

export type Pointer = string

export const formatPointer = (segments: readonly string[]): Pointer =>
  segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export const parsePointer = (pointer: Pointer): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))

/** One of the two contains the other, or they are equal: a write to one is a write to the other. */
export const overlaps = (a: Pointer, b: Pointer): boolean => isWithin(a, b) || isWithin(b, a)

/** `inner` is `outer` or lies below it. */
export const isWithin = (inner: Pointer, outer: Pointer): boolean =>
  inner === outer || (inner.startsWith(outer) && (outer === '' || inner[outer.length] === '/'))

/** The first segment: the hash field in Redis that holds the leaf. */
export const fieldOf = (pointer: Pointer): string => parsePointer(pointer)[0] ?? ''
