/** RESP, protocol 2 (redis.io/docs/reference/protocol-spec): commands as they are sent, and replies from a stream of bytes. */

/** The server's answer is that it does not do it. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

const [PLUS, MINUS, COLON, DOLLAR, STAR] = [...'+-:$*'].map((sign) => sign.charCodeAt(0))
const RETURN = 13

/** An array of strings, each with its length in bytes. */
export const encodeCommand = (words: readonly string[]): string =>
  words.reduce((text, word) => `${text}$${Buffer.byteLength(word)}\r\n${word}\r\n`, `*${words.length}\r\n`)

/** Cuts a stream of bytes into replies, in whatever pieces it comes. */
export class ReplyReader {
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0
  /** Later pieces, until there are so many bytes that another try is worth it. */
  private pieces: Buffer[] = []
  private held = 0
  private needed = 0
  private wantsBytes = false

  push(chunk: Buffer): void {
    this.pieces.push(chunk)
    this.held += chunk.length
  }

  /**
   * The next reply, with each text as a string or as bytes; a refusal is a ReplyError. undefined: it has not come yet, or not to its end.
   * Throws for what is no reply: the stream cannot be trusted any further.
   */
  next(as: 'text' | 'bytes'): unknown {
    if (this.held < this.needed || (this.held === 0 && this.at === this.bytes.length)) return undefined
    this.join()
    this.needed = 0
    const start = this.at
    this.wantsBytes = as === 'bytes'
    const reply = this.read()
    if (reply === undefined) this.at = start
    return reply
  }

  private join(): void {
    if (this.held === 0) return
    const rest = this.bytes.subarray(this.at)
    this.bytes = rest.length === 0 && this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat([rest, ...this.pieces])
    this.at = 0
    this.pieces = []
    this.held = 0
  }

  private read(): unknown {
    const end = this.bytes.indexOf(RETURN, this.at)
    if (end < 0 || end + 2 > this.bytes.length) return undefined
    const [sign, line] = [this.bytes[this.at], this.bytes.toString('latin1', this.at + 1, end)]
    this.at = end + 2
    switch (sign) {
      case DOLLAR:
        return this.readText(Number(line))
      case STAR:
        return this.readList(Number(line))
      case COLON:
        return Number(line)
      case PLUS:
        return this.wantsBytes ? Buffer.from(line) : line
      case MINUS:
        return new ReplyError(line)
      default:
        throw new Error(`Unknown RESP type: ${JSON.stringify(line.slice(0, 40))}`)
    }
  }

  private readText(length: number): string | Buffer | null | undefined {
    if (length < 0) return null
    const end = this.at + length
    if (end + 2 > this.bytes.length) {
      this.needed = end + 2 - this.bytes.length
      return undefined
    }
    const start = this.at
    this.at = end + 2
    return this.wantsBytes ? this.bytes.subarray(start, end) : this.bytes.toString('utf8', start, end)
  }

  private readList(length: number): unknown[] | null | undefined {
    if (length < 0) return null
    const list: unknown[] = []
    while (list.length < length) {
      const reply = this.read()
      if (reply === undefined) return undefined
      list.push(reply)
    }
    return list
  }
}
