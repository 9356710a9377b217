import type { Writable } from 'node:stream'

/**
 * Call before writing: what is written in this turn of the event loop then goes out together at its end. A system call costs more than
 * most of what is sent in one.
 */
export function gather(stream: Writable): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => {
    stream.uncork()
  })
}
