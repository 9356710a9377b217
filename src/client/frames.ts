/** Newline-delimited JSON: one value a line, UTF-8, at most MAX_FRAME_BYTES. JSON text never holds a raw newline. */
import { isUtf8 } from 'node:buffer'
import { messageOf } from '../errors/errors.js'

export const MAX_FRAME_BYTES = 64 * 1024 * 1024

const NEWLINE = 10

/** What came is no frame. The stream cannot be trusted any further: the connection has to be closed. */
export class BrokenFrame extends Error {
  override readonly name = 'BrokenFrame'
}

/** Throws BrokenFrame for a value that is no JSON, or that no reader would take, before anything is sent. */
export function encodeFrame(value: object, maxBytes = MAX_FRAME_BYTES): string {
  const text = textOf(value)
  // A character has at most three bytes in UTF-8 (for each UTF-16 unit): counting is only needed near the limit.
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) throw tooLong(maxBytes)
  return `${text}\n`
}

/** What JSON cannot hold (a circle, a BigInt), or what no string can, fails here: no other exception may leave a connection. */
function textOf(value: object): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    throw new BrokenFrame(`a frame cannot be written: ${messageOf(error)}`)
  }
}

/** Cuts a byte stream into frames, in whatever pieces it comes. Holds at most one unfinished frame. */
export class FrameReader {
  private pieces: Buffer[] = []
  private size = 0

  constructor(private readonly maxBytes = MAX_FRAME_BYTES) {}

  /** The frames that the chunk completes, each before what follows it is looked at. Throws BrokenFrame. */
  *push(chunk: Buffer): Generator<unknown, void, undefined> {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, end))
      start = end + 1
      yield parseFrame(this.takeLine())
    }
    if (start < chunk.length) this.keep(chunk.subarray(start))
  }

  private keep(piece: Buffer): void {
    this.size += piece.length
    if (this.size > this.maxBytes) throw tooLong(this.maxBytes)
    this.pieces.push(piece)
  }

  private takeLine(): Buffer {
    const line = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces)
    this.pieces = []
    this.size = 0
    return line
  }
}

function parseFrame(line: Buffer): unknown {
  // Decoding would replace broken bytes silently, and a changed value would be stored.
  if (!isUtf8(line)) throw new BrokenFrame('a frame is not UTF-8')
  try {
    return JSON.parse(line.toString('utf8')) as unknown
  } catch {
    throw new BrokenFrame('a frame is no JSON')
  }
}

const tooLong = (maxBytes: number): BrokenFrame => new BrokenFrame(`a frame is longer than ${maxBytes} bytes`)
