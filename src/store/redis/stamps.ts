/**
 * The hash with what is known about a record: `<pointer>` holds a stamp, `+<root> <pointer>` how often that root has added and
 * the sum of it, `#<hash field>` where the field stands among the others.
 */
import { countsAt, type Entry } from '../../domain/entry.js'
import { formatStamp, parseStamp } from '../../domain/lineage.js'
import type { Draft, Stamp } from '../../domain/operation.js'
import type { Pointer } from '../../domain/pointer.js'
import { Stamping } from '../../domain/stamping.js'
import { encodeName } from '../hash-fields.js'

/** Pointers are written in UTF-8, which has no halves of surrogate pairs; `~2` is no escape of a JSON Pointer. */
export const encodePointer = (path: Pointer): string =>
  path.isWellFormed() ? path : path.replace(/\p{Surrogate}/gu, (half) => `~2${half.charCodeAt(0).toString(16)}`)

const decodePointer = (text: string): Pointer =>
  text.includes('~2')
    ? text.replace(/~2([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text

export const countField = (root: string, path: Pointer): string =>
  `+${root.replace(/[% ]/g, encodeURIComponent)} ${encodePointer(path)}`

const decodeRoot = (text: string): string => text.replace(/%2[05]/g, decodeURIComponent)

export interface StampChanges {
  /** With everything below them. */
  dropped: Set<Pointer>
  /** Undefined: the stamp of the change itself. */
  stamped: Map<Pointer, Stamp | undefined>
  counts: Map<string, string>
}

/** What a draft does to the stamps of a record, in the end. A deletion of the record drops them all by itself. */
export function stampChanges(draft: Draft): StampChanges {
  const stamping = new Stamping<Stamp | undefined>()
  const counts = new Map<string, string>()
  for (const leaf of draft.leaves) {
    const { path, value, counts: added } = leaf
    if (path === '' && value === null) counts.clear()
    stamping.take(leaf, leaf.stamp)
    for (const { root, n, sum } of added ?? []) counts.set(countField(root, path), `${n} ${sum}`)
  }
  const { dropped, stamped } = stamping
  dropped.delete('')
  return { dropped, stamped, counts }
}

/** Puts stamps and counts into the entry; returns the place of each hash field, the first one first. */
export function takeKnowledge(entry: Entry, hash: ReadonlyMap<string, string>): Map<string, number> {
  const ordinals: [field: string, rev: number, at: number][] = []
  for (const [field, text] of hash) {
    if (field.startsWith('+')) takeCount(entry, field, text)
    else if (field.startsWith('#')) {
      const [rev = '', at = ''] = text.split('.')
      ordinals.push([field.slice(1), Number(rev), Number(at)])
    } else entry.stamps.set(decodePointer(field), parseStamp(text))
  }
  ordinals.sort((a, b) => a[1] - b[1] || a[2] - b[2])
  return new Map(ordinals.map(([field], place) => [field, place]))
}

function takeCount(entry: Entry, field: string, text: string): void {
  const space = field.indexOf(' ')
  const [n = '', sum = ''] = text.split(' ')
  const root = decodeRoot(field.slice(1, space))
  countsAt(entry, decodePointer(field.slice(space + 1))).set(root, { n: Number(n), sum })
}

/** The whole hash of a record, as field, value, ... */
export function formatKnowledge(entry: Entry): string[] {
  const stamps = [...entry.stamps].flatMap(([path, stamp]) => [encodePointer(path), formatStamp(stamp)])
  const counts = [...entry.counts].flatMap(([path, byRoot]) =>
    [...byRoot].flatMap(([root, { n, sum }]) => [countField(root, path), `${n} ${sum}`]),
  )
  const ordinals = [...entry.tree.keys()].flatMap((name, at) => [`#${encodeName(name)}`, `0.${at}`])
  return [...stamps, ...counts, ...ordinals]
}
