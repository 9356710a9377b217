/** Standard input as text, where an argument is `-`; and files, where it is `@file`. */
import fs from 'node:fs'
import { MemoryError, messageOf } from '../errors/errors.js'

/** Bytes. No value may have as many, however it is written; a device, and some programs, never end. */
const MOST = 16 * 1024 * 1024

/** Throws MemoryError `usage` where it is no UTF-8 (it would not come out as it went in), and where it does not end. */
export async function readStdin(name: string): Promise<string> {
  return decode(name, await readAll(name, process.stdin as AsyncIterable<Buffer>))
}

async function readAll(name: string, input: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST) throw new MemoryError('usage', `${name} is longer than ${MOST / 1024 / 1024} MiB: a value may have 1 MiB`)
  }
  return Buffer.concat(chunks)
}

/** The text that an argument stands for: itself, standard input (`-`), or with `files` a file (`@path`). */
export async function textOf(name: string, argument: string, { files = false } = {}): Promise<string> {
  if (argument === '-') return readStdin(name)
  if (!files || !argument.startsWith('@')) return argument
  const path = argument.slice(1)
  const bytes = await readAll(name, fs.createReadStream(path) as AsyncIterable<Buffer>).catch((error: unknown) => {
    if (error instanceof MemoryError) throw error
    throw new MemoryError('usage', `${name} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  return decode(name, bytes)
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new MemoryError('usage', `${name} is not valid UTF-8`, { cause: error })
  }
}
