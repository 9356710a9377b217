/** Making a folder with those above it. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { isCode } from './open-file.js'
import { giveToOwner } from './owner.js'

/**
 * Makes what is missing of a path, each folder with this mode, and returns the uppermost that it made; undefined: the folder was there.
 * Not by `mkdir` with `recursive`: where a file system answers ENOENT for what cannot be made in a folder that is there (as /proc
 * does), that never ends in Node 20.
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  const above = dirname(path)
  try {
    return makeOne(path, mode)
  } catch (error) {
    if (!isCode(error, 'ENOENT') || above === path) throw error
  }
  const first = fs.existsSync(above) ? undefined : makeFolder(above, mode)
  const last = makeOne(path, mode) // once more, and no oftener
  return first ?? last
}

/** undefined: it was there. */
function makeOne(path: string, mode: number): string | undefined {
  try {
    fs.mkdirSync(path, { mode })
    giveToOwner(path)
    return path
  } catch (error) {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined
    throw error
  }
}
