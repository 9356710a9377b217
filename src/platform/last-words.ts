import type { Writable } from 'node:stream'

/** The other side has gone. What it said before stands to be read, and after it the end. */
export const CANNOT_WRITE = 'EPIPE'

type Done = (error?: Error | null) => void

/**
 * Call before the first write to a socket: a write that finds the other side gone fails no more, and what that has said is read, which
 * node:net would throw away. A server without a place for another connection says so and hangs up before anything is asked of it.
 */
export function hearLastWords(stream: Writable): void {
  const write = stream._write.bind(stream)
  const writeMany = stream._writev?.bind(stream)
  stream._write = (chunk, encoding, done) => {
    write(chunk, encoding, unlessGone(done))
  }
  if (writeMany !== undefined) {
    stream._writev = (chunks, done) => {
      writeMany(chunks, unlessGone(done))
    }
  }
}

const unlessGone =
  (done: Done): Done =>
  (error) => {
    done((error as NodeJS.ErrnoException | null | undefined)?.code === CANNOT_WRITE ? null : error)
  }
