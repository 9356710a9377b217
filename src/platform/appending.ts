/**
 * Appending to a file. It stays open for the next time: opening, looking and closing take longer than writing a line, and who writes
 * to a journal does so often.
 */
import fs from 'node:fs'
import { type Appended, WrittenUnseen } from './files.js'
import { APPEND, named, openFile, refuseOthers } from './open-file.js'

/** Without another line it is closed then. */
const KEPT_MS = 1_000

/** A pipe in the place of the journal is not waited for. */
const APPENDING = APPEND | fs.constants.O_NONBLOCK

interface Kept {
  fd: number
  ino: number
  dev: number
  closing: NodeJS.Timeout
}

const kept = new Map<string, Kept>()

/** See Files.append. One that has lost its place is closed: the next call opens the file that stands there. */
export function appendTo(path: string, text: string): Appended {
  const known = kept.get(path)
  const file = known ?? open(path)
  try {
    if (text !== '' || known === undefined) write(file.fd, text) // of nothing too: a disk that takes no line may say so
    const stat = look(path, text)
    const isPresent = stat?.ino === file.ino && stat.dev === file.dev
    if (isPresent) file.closing.refresh()
    else closeKept(path)
    return { ino: file.ino, end: isPresent ? stat.size : null }
  } catch (error) {
    closeKept(path)
    throw named(error, path)
  }
}

function look(path: string, written: string): fs.Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (written === '' || !(error instanceof Error)) throw error
    throw new WrittenUnseen(`${path} was written to, and cannot be looked at any more: ${error.message}`, { cause: error })
  }
}

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  const written = fs.writeSync(fd, bytes)
  if (written !== bytes.length) throw Object.assign(new Error('the disk took only a part of the line'), { code: 'ENOSPC' })
}

function open(path: string): Kept {
  const fd = openFile(path, APPENDING, 0o600)
  try {
    const stat = fs.fstatSync(fd)
    refuseOthers(path, stat) // a device takes every line and keeps none
    const closing = setTimeout(closeKept, KEPT_MS, path).unref()
    const file = { fd, ino: stat.ino, dev: stat.dev, closing }
    kept.set(path, file)
    return file
  } catch (error) {
    fs.closeSync(fd)
    throw named(error, path)
  }
}

/** What stands at the path is about to be another file. */
export function closeKept(path: string): void {
  const known = kept.get(path)
  if (known === undefined) return
  kept.delete(path)
  clearTimeout(known.closing)
  try {
    fs.closeSync(known.fd)
  } catch {
    // What was written was written before, and whoever wrote it was told.
  }
}
