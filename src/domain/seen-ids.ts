/**
 * The ids of the operations that a replica contains, oldest first. Twenty thousand of them are most of what a root has saved, and who makes one
 * call asks for two or three: they stay text until somebody asks for many.
 */
import type { Target } from './operation.js'

export interface Seen {
  rev: number
  /** Of the operation, where it is known. */
  target?: Target
  digest?: string
  t?: number
}

/** As it is saved. */
export interface SeenText {
  count: number
  /** Each begins with a line break: id, revision, digest or '', ms or '', target or ''. */
  lines: string
}

/** Each goes through the text, and so many of them take as long as to make a map of it. */
const LOOKS = 50

export class SeenIds {
  /** Those that are not in the text, and those that are something else by now. */
  private byId: Map<string, Seen>
  private text: SeenText = { count: 0, lines: '' }
  private looks = 0

  constructor(known: Iterable<readonly [string, Seen]> = []) {
    this.byId = new Map(known)
  }

  /** Throws for what is no such text. */
  static of(text: SeenText): SeenIds {
    if (!Number.isSafeInteger(text.count) || typeof text.lines !== 'string' || (text.count === 0) !== (text.lines === '')) throw new Error('these are no ids as they are saved')
    const ids = new SeenIds()
    ids.text = text
    return ids
  }

  /** One that was set although it stands in the text counts twice, until that is taken apart. */
  get size(): number {
    return this.text.count + this.byId.size
  }

  get(id: string): Seen | undefined {
    return this.byId.get(id) ?? this.inText(id)
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  set(id: string, seen: Seen): void {
    this.byId.set(id, seen)
  }

  /** The oldest that `isDue` lets go, so that no more than `kept` are left. */
  trim(kept: number, isDue: (seen: Seen) => boolean): void {
    if (this.size <= kept) return
    this.unfold()
    for (const [id, seen] of this.byId) {
      if (this.byId.size <= kept) return
      if (isDue(seen)) this.byId.delete(id)
    }
  }

  keys(): IterableIterator<string> {
    this.unfold()
    return this.byId.keys()
  }

  [Symbol.iterator](): IterableIterator<[string, Seen]> {
    this.unfold()
    return this.byId.entries()
  }

  copy(): SeenIds {
    const copy = new SeenIds(this.byId)
    copy.text = this.text
    return copy
  }

  format(): SeenText {
    if (this.byId.size === 0) return this.text
    this.unfold()
    return { count: this.byId.size, lines: [...this.byId].map(lineOf).join('') }
  }

  private inText(id: string): Seen | undefined {
    if (this.text.count === 0) return undefined
    if (++this.looks > LOOKS) {
      this.unfold()
      return this.byId.get(id)
    }
    const { lines } = this.text
    const at = lines.indexOf(`\n${escaped(id)} `)
    if (at < 0) return undefined
    const end = lines.indexOf('\n', at + 1)
    return parseLine(lines.slice(at + 1, end < 0 ? undefined : end))[1]
  }

  private unfold(): void {
    if (this.text.count === 0) return
    const newer = this.byId
    this.byId = new Map(this.text.lines.split('\n').slice(1).map(parseLine))
    this.text = { count: 0, lines: '' }
    for (const [id, seen] of newer) this.byId.set(id, seen)
  }
}

const lineOf = ([id, { rev, digest = '', t, target = '' }]: [string, Seen]): string =>
  `\n${escaped(id)} ${rev} ${escaped(digest)} ${t ?? ''} ${escaped(target)}`

function parseLine(line: string): [string, Seen] {
  const [id = '', rev, digest = '', t = '', target = ''] = line.split(' ')
  const seen: Seen = { rev: Number(rev) }
  if (target !== '') seen.target = unescaped(target)
  if (digest !== '') seen.digest = unescaped(digest)
  if (t !== '') seen.t = Number(t)
  return [unescaped(id), seen]
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', ' ': '\\s' }
const MEANT: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', s: ' ' }

const escaped = (text: string): string => text.replace(/[\\\n ]/g, (character) => ESCAPES[character] ?? character)
const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\([\\ns])/g, (_, escape: string) => MEANT[escape] ?? escape) : text)
