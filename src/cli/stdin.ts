/** Standard input as text, where an argument is `-`; and files, where it is `@file`. */
import fs from 'node:fs'
import { MemoryError, messageOf } from '../errors/errors.js'

/** Throws MemoryError `usage` where it is no UTF-8: it would not come out as it went in. */
export async function readStdin(name: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
  return decode(name, Buffer.concat(chunks))
}

/** The text that an argument stands for: itself, standard input (`-`), or with `files` a file (`@path`). */
export async function textOf(name: string, argument: string, { files = false } = {}): Promise<string> {
  if (argument === '-') return readStdin(name)
  if (!files || !argument.startsWith('@')) return argument
  const path = argument.slice(1)
  const bytes = await fs.promises.readFile(path).catch((error: unknown) => {
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
