import type { Writable } from 'node:stream'

/** Bytes. More is not held back: what waits here must not be taken for what a reader leaves unread. */
const MOST = 8 * 1024

/**
 * Call before writing: what is written in this turn of the event loop then goes out together at its end. A system call costs more than
 * most of what is sent in one.
 */
export function gather(stream: Writable): void {
  if (stream.writableCorked > 0) {
    if (stream.writableLength >= MOST) stream.uncork()
    return
  }
  stream.cork()
  process.nextTick(() => {
    stream.uncork()
  })
}
