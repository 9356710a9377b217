/** Settings in files, read at once: commands need them before anything else. */
import fs from 'node:fs'
import { isCode, READ, refuseOthers, withOpen } from './open-file.js'

/** No setting that comes through a pipe is as long; some programs never end. */
const MOST_OF_PIPE = 64 * 1024
const LOOK_MS = 10

/** Throws for what is no file, and for one that cannot be read. */
export function readText(path: string): string {
  return withOpen(path, READ, 0, (fd) => {
    refuseOthers(path, fs.fstatSync(fd))
    return fs.readFileSync(fd, 'utf8')
  })
}

/** The same; a pipe is read to its end for as long as somebody writes to it. Throws where nobody does. */
export function readTextOrPipe(path: string): { text: string; isPipe: boolean } {
  return withOpen(path, READ, 0, (fd) => {
    const stat = fs.fstatSync(fd)
    if (stat.isFIFO()) return { text: readPipe(path, fd), isPipe: true }
    refuseOthers(path, stat)
    return { text: fs.readFileSync(fd, 'utf8'), isPipe: false }
  })
}

function readPipe(path: string, fd: number): string {
  const bytes = Buffer.alloc(MOST_OF_PIPE)
  let size = 0
  for (let read = -1; read !== 0; size += read) {
    if (size === MOST_OF_PIPE) throw new Error(`more than ${MOST_OF_PIPE / 1024} KiB come through ${path}`)
    read = readSome(fd, bytes.subarray(size))
  }
  if (size === 0) throw new Error(`${path} is a pipe that nobody writes to`)
  return bytes.toString('utf8', 0, size)
}

/** 0: there is nothing, and nobody who could write it (pipe(7)). */
function readSome(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(fd, into)
    } catch (error) {
      if (!isCode(error, 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS)
    }
  }
}
