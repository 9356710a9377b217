/** A history without the lines that nobody can read. For whoever has the keeper's lock: nobody else adds to it then. */
import fs from 'node:fs'
import { basename, join } from 'node:path'
import { isCode } from '../../platform/open-file.js'
import { giveToOwner } from '../../platform/owner.js'
import { isChange } from './line-shapes.js'

const NEWLINE = 10

/**
 * Keeps a copy of each file that has such lines in the folder `kept`, and puts one without them in its place, in one step. Returns how many
 * lines were left out. What is no file is left as it is: no link is followed.
 */
export function leaveUnreadableOut(directory: string, kept: () => string): number {
  return ['history.1', 'history'].reduce((count, name) => count + leaveOutIn(join(directory, name), kept), 0)
}

function leaveOutIn(path: string, kept: () => string): number {
  const lines = linesOf(path)
  const readable = lines.filter(isReadable)
  if (readable.length === lines.length) return 0
  const copy = join(kept(), basename(path))
  const ready = `${copy}.readable`
  fs.copyFileSync(path, copy, fs.constants.COPYFILE_EXCL)
  fs.writeFileSync(ready, Buffer.concat(readable.flatMap((line) => [line, Buffer.of(NEWLINE)])), { mode: 0o600, flag: 'wx', flush: true })
  for (const made of [copy, ready]) giveToOwner(made)
  fs.renameSync(ready, path)
  return lines.length - readable.length
}

/** Without those that are empty: each addition begins with a newline, in case the one before was torn. */
function linesOf(path: string): Buffer[] {
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return []
  const bytes = fs.readFileSync(path)
  const lines: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    const line = bytes.subarray(at, end < 0 ? bytes.length : end)
    if (line.length > 0) lines.push(line)
    at += line.length + 1
  }
  return lines
}

function isReadable(line: Buffer): boolean {
  try {
    return isChange(JSON.parse(line.toString()))
  } catch (error) {
    if (error instanceof SyntaxError || isCode(error, 'ERR_STRING_TOO_LONG')) return false
    throw error
  }
}
