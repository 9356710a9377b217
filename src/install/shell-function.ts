/** Where a function is defined in the text of a shell script: just enough of the shell's grammar to find its end. Pure. */

export interface Definition {
  /** Of the line on which it begins. */
  start: number
  /** Just after its last character, redirections not included. */
  end: number
  indented: boolean
}

/** The definitions of `name` in the styles of zsh and bash. A definition whose end cannot be found has `end` -1. */
export function definitionsOf(name: string, text: string): Definition[] {
  const head = new RegExp(`^([ \\t]*)(?:function[ \\t]+${name}(?:[ \\t]*\\([ \\t]*\\))?|${name}[ \\t]*\\([ \\t]*\\))(?=[\\s{(])`, 'gm')
  return [...text.matchAll(head)].map((match) => ({
    start: match.index,
    end: endOfBody(text, match.index + match[0].length),
    indented: match[1] !== '',
  }))
}

/** The body is the group in braces or brackets that comes next; a function without one is not followed. */
function endOfBody(text: string, from: number): number {
  const open = /^(?:\s|#[^\n]*\n)*/.exec(text.slice(from))?.[0].length ?? 0
  const first = text[from + open]
  return first === '{' || first === '(' ? new Scanner(text, from + open).endOfGroup() : -1
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '(': ')' }

class Scanner {
  /** Delimiters of here-documents that begin at the next line. */
  private pending: { word: string; indented: boolean }[] = []

  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  /** The scanner stands on a bracket: moves behind the one that closes it. -1: there is none. */
  endOfGroup(): number {
    const close = CLOSING[this.text[this.at] ?? '']
    this.at++
    while (this.at < this.text.length) {
      const character = this.text[this.at] ?? ''
      if (character === close) return ++this.at
      if (!this.step(character)) return -1
    }
    return -1
  }

  /** Moves over one thing. False: it has no end. */
  private step(character: string): boolean {
    switch (character) {
      case '\\':
        this.at += 2
        return true
      case "'":
        return this.skipTo("'", this.text[this.at - 1] === '$')
      case '`':
        return this.skipTo('`', true)
      case '"':
        return this.skipDoubleQuotes()
      case '#':
        return this.skipComment()
      case '\n':
        this.at++
        return this.skipHereDocuments()
      case '<':
        return this.noteHereDocument()
      case '{':
      case '(':
        return this.endOfGroup() >= 0
      default:
        this.at++
        return true
    }
  }

  private skipTo(quote: string, escapes: boolean): boolean {
    for (this.at++; this.at < this.text.length; this.at++) {
      if (this.text[this.at] === quote) return ++this.at > 0
      if (escapes && this.text[this.at] === '\\') this.at++
    }
    return false
  }

  private skipDoubleQuotes(): boolean {
    for (this.at++; this.at < this.text.length; ) {
      const character = this.text[this.at]
      if (character === '"') return ++this.at > 0
      if (character === '$' && /[{(]/.test(this.text[this.at + 1] ?? '')) {
        this.at++
        if (this.endOfGroup() < 0) return false
      } else if (character === '`') {
        if (!this.skipTo('`', true)) return false
      } else {
        this.at += character === '\\' ? 2 : 1
      }
    }
    return false
  }

  /** A `#` in a word is none, as in `$#` and `${#list}`. */
  private skipComment(): boolean {
    if (/[\s;]/.test(this.text[this.at - 1] ?? '\n')) {
      const end = this.text.indexOf('\n', this.at)
      this.at = end < 0 ? this.text.length : end
    } else {
      this.at++
    }
    return true
  }

  private noteHereDocument(): boolean {
    const match = /^<<(-?)[ \t]*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([^\s'"<>|&;()\\]+))/.exec(this.text.slice(this.at, this.at + 200))
    if (match === null || this.text[this.at - 1] === '<') {
      this.at++
      return true
    }
    this.pending.push({ word: match[2] ?? match[3] ?? match[4] ?? '', indented: match[1] === '-' })
    this.at += match[0].length
    return true
  }

  private skipHereDocuments(): boolean {
    for (const { word, indented } of this.pending.splice(0)) {
      for (;;) {
        if (this.at >= this.text.length) return false
        const end = this.text.indexOf('\n', this.at)
        const line = this.text.slice(this.at, end < 0 ? this.text.length : end)
        this.at = end < 0 ? this.text.length : end + 1
        if ((indented ? line.replace(/^\t+/, '') : line) === word) break
      }
    }
    return true
  }
}
