/** What lies in a folder into which others put files: what is no file, or has a name that is no text, is told apart without opening it. */
import type { Dirent } from 'node:fs'
import { kindOf } from './open-file.js'

export interface Entry {
  /** For one that is no UTF-8: as it can be shown, and of no other use. */
  name: string
  /** Why it cannot be taken for a file, as `is a pipe`; null: it can. */
  flaw: string | null
}

export function entryOf(found: Dirent<Buffer>): Entry {
  const name = found.name.toString()
  const isText = Buffer.from(name).equals(found.name)
  return { name, flaw: isText ? flawOf(found) : 'has a name that is no UTF-8' }
}

function flawOf(found: Dirent<Buffer>): string | null {
  if (found.isFile()) return null
  return found.isSymbolicLink() ? 'is a link' : `is ${kindOf(found)}`
}
