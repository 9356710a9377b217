/**
 * Appending to a file. It stays open for the next time: opening, looking and closing take longer than writing a line, and who writes
 * to a journal does so often.
 */
import fs from 'node:fs'
import { named, refuseOthers } from './open-file.js'

/** Without another line it is closed then. */
const KEPT_MS = 1_000

/** A pipe in the place of the journal is not waited for. */
const APPEND = fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_CREAT | fs.constants.O_NONBLOCK

interface Kept {
  fd: number
  ino: number
  dev: number
  closing: NodeJS.Timeout
}

const kept = new Map<string, Kept>()

/** See Files.append. What is appended goes to the file that stood at the path a moment before. */
export function appendTo(path: string, text: string): { ino: number; size: number } {
  const { fd, ino, size } = present(path) ?? open(path)
  const bytes = Buffer.from(text)
  try {
    const written = fs.writeSync(fd, bytes) // of nothing too: a disk that takes no line may say so
    if (written !== bytes.length) throw Object.assign(new Error('the disk took only a part of the line'), { code: 'ENOSPC' })
  } catch (error) {
    close(path)
    throw named(error, path)
  }
  return { ino, size }
}

interface Open {
  fd: number
  ino: number
  size: number
}

/** null: it is not open here, or another file has taken its place. */
function present(path: string): Open | null {
  const known = kept.get(path)
  if (known === undefined) return null
  const stat = fs.statSync(path, { throwIfNoEntry: false })
  if (stat?.ino === known.ino && stat.dev === known.dev) {
    known.closing.refresh()
    return { fd: known.fd, ino: stat.ino, size: stat.size }
  }
  close(path)
  return null
}

function open(path: string): Open {
  const fd = fs.openSync(path, APPEND, 0o600)
  try {
    const stat = fs.fstatSync(fd)
    refuseOthers(path, stat) // a device takes every line and keeps none
    const closing = setTimeout(close, KEPT_MS, path).unref()
    kept.set(path, { fd, ino: stat.ino, dev: stat.dev, closing })
    return { fd, ino: stat.ino, size: stat.size }
  } catch (error) {
    fs.closeSync(fd)
    throw named(error, path)
  }
}

function close(path: string): void {
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
