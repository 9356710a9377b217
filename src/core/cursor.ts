/** What a reader has seen: a revision, and how many of this machine's pending writes. `120` or `120+2`. */
import { MemoryError } from '../errors/errors.js'

export interface Cursor {
  rev: number
  pending: number
}

export const formatCursor = ({ rev, pending }: Cursor): string => (pending === 0 ? String(rev) : `${rev}+${pending}`)

/** Throws MemoryError `usage`. */
export function parseCursor(text: string): Cursor {
  const match = /^(\d{1,15})(?:\+(\d{1,9}))?$/.exec(text)
  if (match === null) {
    throw new MemoryError('usage', `${JSON.stringify(text)} is no revision and no cursor`, {
      suggestions: ['give a revision such as 120, or the cursor of a line that watch printed'],
    })
  }
  return { rev: Number(match[1]), pending: Number(match[2] ?? 0) }
}
