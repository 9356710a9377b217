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

/** Cuts a stream of bytes into replies, in whatever pieces it comes. What has been taken apart is not looked at again. */
export class ReplyReader {
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0
  /** Later pieces, until there are so many bytes that another try is worth it. */
  private pieces: Buffer[] = []
  private held = 0
  private needed = 0
  /** Lists that have not come to their end, the innermost last. */
  private readonly lists: { items: unknown[]; length: number }[] = []

  push(chunk: Buffer): void {
    this.pieces.push(chunk)
    this.held += chunk.length
  }

  /**
   * The next reply, with each text as a string or as bytes; a refusal is a ReplyError. undefined: it has not come yet, or not to its end.
   * Throws for what is no reply: the stream cannot be trusted any further.
   */
  next(as: 'text' | 'bytes'): unknown {
    if (this.held < this.needed) return undefined
    this.join()
    this.needed = 0
    for (let item = this.read(as); item !== undefined; item = this.read(as)) {
      if (item === BEGUN) continue
      const reply = this.put(item)
      if (reply !== undefined) return reply
    }
    return undefined
  }

  private join(): void {
    if (this.held === 0) return
    const rest = this.bytes.subarray(this.at)
    this.bytes = rest.length === 0 && this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat([rest, ...this.pieces])
    this.at = 0
    this.pieces = []
    this.held = 0
  }

  /** What is whole now; undefined: a list is not. */
  private put(item: unknown): unknown {
    let whole = item
    for (let list = this.lists.at(-1); list !== undefined; list = this.lists.at(-1)) {
      list.items.push(whole)
      if (list.items.length < list.length) return undefined
      this.lists.pop()
      whole = list.items
    }
    return whole
  }

  /** All but a list as a whole; undefined: it has not come to its end, and nothing of it is taken. */
  private read(as: 'text' | 'bytes'): unknown {
    const end = this.bytes.indexOf(RETURN, this.at)
    if (end < 0 || end + 2 > this.bytes.length) return undefined
    const [sign, line] = [this.bytes[this.at], this.bytes.toString('utf8', this.at + 1, end)]
    if (sign === DOLLAR) return this.readText(end + 2, lengthIn(line), as)
    this.at = end + 2
    switch (sign) {
      case STAR:
        return this.begin(lengthIn(line))
      case COLON:
        return Number(line)
      case PLUS:
        return as === 'bytes' ? Buffer.from(line) : line
      case MINUS:
        return new ReplyError(line)
      default:
        throw unknown(line)
    }
  }

  private readText(start: number, length: number, as: 'text' | 'bytes'): string | Buffer | null | undefined {
    const end = start + Math.max(0, length)
    const next = length < 0 ? start : end + 2
    if (next > this.bytes.length) {
      this.needed = next - this.bytes.length
      return undefined
    }
    this.at = next
    if (length < 0) return null
    return as === 'bytes' ? this.bytes.subarray(start, end) : this.bytes.toString('utf8', start, end)
  }

  private begin(length: number): unknown {
    if (length < 0) return null
    if (length === 0) return []
    this.lists.push({ items: [], length })
    return BEGUN
  }
}

/** A list was: its items come next. */
const BEGUN = Symbol('begun')

function lengthIn(line: string): number {
  if (!/^-?\d+$/.test(line)) throw unknown(line)
  return Number(line)
}

const unknown = (line: string): Error => new Error(`Unknown RESP type: ${JSON.stringify(line.slice(0, 40))}`)
