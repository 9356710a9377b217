/** The lines of a log of versions, and what they say of texts that are known. */
import type { LeafEdit } from '../../domain/tree.js'
import type { Identity } from '../../platform/files.js'
import type { Version } from '../root.js'

/** `of`: the file that it was; none: any. No text: a version of ours has come in its place. */
type MergedLine = { merged: string; of?: string }
export type LogLine = { version: Version; edits: LeafEdit[] } | MergedLine

export const PLACED: MergedLine = { merged: '' }
export const markOf = ({ merged, of }: MergedLine): string => (of === undefined ? merged : `${merged} ${of}`)
export const nameOf = ({ ino, size, mtimeMs }: Identity): string => `${ino} ${size} ${mtimeMs}`

export interface Noted {
  /** What is known by its text alone, and marks of files that were merged. */
  known: Set<string>
  /** The mark of the foreign file that was merged last, where it is not gone from its place; else empty. */
  standing: string
}

export function note(noted: Noted, line: LogLine): void {
  const mark = 'merged' in line ? markOf(line) : line.version.hash
  if ('merged' in line) noted.standing = mark
  noted.known.add(mark)
}

export function parseLogLine(text: string): LogLine[] {
  try {
    return [JSON.parse(text) as LogLine]
  } catch {
    return [] // torn: the version was never put in place
  }
}
