/** Standard input as text, where an argument is `-`; and files, where it is `@file`. */
import fs from 'node:fs'
import { MemoryError, messageOf } from '../errors/errors.js'
import { isCode, READ } from '../platform/open-file.js'

/** Bytes. No value may have as many, however it is written; a device, and some programs, never end. */
const MOST = 16 * 1024 * 1024
const PIECE = 64 * 1024
const LOOK_MS = 10

export const AS_UTF8 = 'give it as UTF-8 (iconv -t UTF-8 turns one encoding into another)'

/** Throws MemoryError `usage` where it is no UTF-8 (it would not come out as it went in), and where it does not end. */
export async function readStdin(name: string): Promise<string> {
  return decode(name, await readAll(name, process.stdin as AsyncIterable<Buffer>))
}

const tooLong = (name: string): MemoryError =>
  new MemoryError('usage', `${name} is longer than ${MOST / 1024 / 1024} MiB: a value may have 1 MiB`, {
    suggestions: ['keep large content in a file, and put its path here'],
  })

async function readAll(name: string, input: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST) throw tooLong(name)
  }
  return Buffer.concat(chunks)
}

/**
 * The text that an argument stands for: itself, standard input (`-`), or with `files` a file (`@path`). Throws MemoryError `usage` for a pipe
 * through which nothing comes, and a device that waits: what was named by mistake is not waited for.
 */
export async function textOf(name: string, argument: string, { files = false } = {}): Promise<string> {
  if (argument === '-') return readStdin(name)
  if (!files || !argument.startsWith('@')) return argument
  const path = argument.slice(1)
  const bytes = await readFile(name, path).catch((error: unknown) => {
    if (error instanceof MemoryError) throw error
    const why = isCode(error, 'EAGAIN') ? `${path} is a device that waits for somebody` : messageOf(error)
    throw new MemoryError('usage', `${name} cannot be read: ${why}`, { suggestions: ['name a file that can be read, or - for standard input'], cause: error })
  })
  return decode(name, bytes)
}

/** Of a script's variable that is not set. Throws MemoryError `usage`. */
export function refuseNoFile(path: string): void {
  if (path === '') throw new MemoryError('usage', 'FILE is empty', { suggestions: ['name a file, or - for standard input or output'] })
}

async function readFile(name: string, path: string): Promise<Buffer> {
  const fd = fs.openSync(path, READ)
  try {
    const isPipe = fs.fstatSync(fd).isFIFO()
    const bytes = await readAll(name, piecesOf(fd, isPipe))
    if (isPipe && bytes.length === 0) throw new Error(`nothing came through the pipe ${path}`)
    return bytes
  } finally {
    fs.closeSync(fd)
  }
}

/** Of a pipe until nobody writes to it any more: poll(2) does not tell that of one to which nobody has written since it was opened. */
async function* piecesOf(fd: number, isPipe: boolean): AsyncIterable<Buffer> {
  for (;;) {
    const piece = Buffer.alloc(PIECE)
    try {
      const size = fs.readSync(fd, piece)
      if (size === 0) return
      yield piece.subarray(0, size)
    } catch (error) {
      if (!isPipe || !isCode(error, 'EAGAIN')) throw error
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new MemoryError('usage', `${name} is not valid UTF-8`, { suggestions: [AS_UTF8], cause: error })
  }
}
