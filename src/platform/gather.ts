import type { Writable } from 'node:stream'

/** Bytes. More is never held back: what waits here must not be taken for what a reader leaves unread. */
const MOST = 8 * 1024

/**
 * Call before writing: what is written in this turn of the event loop then goes out together at its end, or as soon as it is `most` bytes. A
 * system call costs more than most of what is sent in one; but who gets the first of many begins with it while the others are made.
 */
export function gather(stream: Writable, most = MOST): void {
  if (stream.writableCorked > 0) {
    if (stream.writableLength >= most) stream.uncork()
    return
  }
  stream.cork()
  process.nextTick(() => {
    stream.uncork()
  })
}
