/** How `get` shows what it found. */
import { formatLine, formatPretty, leafOf, stringOf, type Tree } from '../domain/json.js'
import type { Found } from '../usecases/get.js'

export interface ValueFormat {
  /** A string without its quotes. */
  raw: boolean
  /** One line. */
  compact: boolean
  /** With where it comes from. */
  withMeta: boolean
}

export function formatFound({ snapshot, value }: Found, { raw, compact, withMeta }: ValueFormat): string {
  const text = raw && !withMeta ? stringOf(value) : undefined
  if (text !== undefined) return text
  const shown = withMeta ? withOrigin(snapshot, value) : value
  return compact ? formatLine(shown) : formatPretty(shown)
}

const withOrigin = ({ rev, durability, source, pending }: Found['snapshot'], value: Tree): Tree =>
  new Map<string, Tree>([
    ['rev', String(rev)],
    ['durability', leafOf(durability)],
    ['source', leafOf(source)],
    ['pending', String(pending)],
    ['context', value],
  ])
