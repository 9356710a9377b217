/**
 * The versions of context.json written here in the last minutes. A checkpoint holds a whole document, its log the
 * difference of each later version; a new pair is begun when the log is old or long, and the pair before is kept.
 */
import { join } from 'node:path'
import { cloneMap, formatLine, InvalidJson, parseOwn, type TreeMap } from '../../domain/json.js'
import { applyEdits, diffTrees } from '../../domain/tree.js'
import type { Clock } from '../../platform/clock.js'
import { appendToPresent, type Files, type Identity } from '../../platform/files.js'
import type { Version, Versions } from '../root.js'
import { type LogLine, markOf, nameOf, note, type Noted, parseLogLine, PLACED } from './version-lines.js'

/** A version can be edited this long after it was read. */
const WINDOW_MS = 10 * 60_000
/** Versions in one log. */
const LOG_LENGTH = 500
/** Of one log; or twice its document, where that is longer: whoever comes for a round reads the newest. */
const LOG_BYTES = 128 * 1024
/** At its end the last version stands, mostly. */
const END_BYTES = 4 * 1024

interface Checkpoint {
  version: Version
  document: TreeMap
  at: number
  /** As of a pair. */
  standing: string
}

/** A checkpoint and its log, as far as they are kept in memory: the documents are read when they are asked for. */
interface Pair extends Noted {
  n: number
  at: number
  /** Of the log. */
  lines: number
  bytes: number
  /** Of the checkpoint. */
  length: number
}

/** A pair that is read when it is asked for: of the older ones that is seldom so. null: a disk that failed. */
interface Kept {
  n: number
  read: () => Promise<Pair | null>
}

export class VersionLog implements Versions {
  private cached: Kept[] | null = null
  private newest: { version: Version; document: TreeMap } | null = null

  constructor(
    private readonly directory: string,
    private readonly files: Files,
    private readonly clock: Clock,
  ) {}

  reload(): void {
    this.cached = null
    this.newest = null
  }

  async last(): Promise<{ version: Version; document: TreeMap } | null> {
    if (this.newest === null) {
      const pair = await this.newestPair()
      if (pair === undefined) return null
      for await (const { version, document } of this.replay(pair)) this.newest = { version, document }
    }
    return this.newest
  }

  /** Without taking the others apart. */
  async lastRev(): Promise<number> {
    if (this.newest !== null) return this.newest.version.rev
    const n = (await this.kept()).at(-1)?.n
    if (n === undefined) return 0
    const path = this.at(n, 'log')
    const size = (await this.files.identify(path))?.size ?? 0
    const lines = (await this.files.readLines(path, Math.max(0, size - END_BYTES)))?.lines ?? []
    for (const text of lines.reverse()) for (const line of parseLogLine(text)) if ('version' in line) return line.version.rev
    return (await this.last())?.version.rev ?? 0
  }

  /** What is looked for is mostly the newest. */
  async knows(hash: string, file: Identity, place: 'shown' | 'replaced'): Promise<boolean> {
    const mark = markOf({ merged: hash, of: nameOf(file) })
    if (place === 'shown' && (await this.standing()) === mark) return true
    for await (const { known } of this.newestFirst()) if (known.has(hash) || (place === 'replaced' && known.has(mark))) return true
    return false
  }

  /** The newest pair says it: each checkpoint is made with what the pair before said. */
  private async standing(): Promise<string> {
    return (await this.newestPair())?.standing ?? ''
  }

  async withRev(rev: number): Promise<{ version: Version; document: TreeMap }[]> {
    const found: { version: Version; document: TreeMap }[] = []
    for await (const pair of this.newestFirst()) {
      const ofPair: typeof found = []
      for await (const { version, document } of this.replay(pair)) {
        if (version.rev === rev) ofPair.push({ version, document: cloneMap(document) })
      }
      found.push(...ofPair.reverse())
    }
    return found
  }

  async add(version: Version, document: TreeMap, json?: string): Promise<void> {
    const before = await this.last()
    const pair = await this.newestPair()
    if (before === null || pair === undefined || this.isFull(pair)) await this.begin(version, json ?? formatLine(document))
    else await this.log(pair, { version, edits: diffTrees(before.document, document) })
    this.newest = { version, document }
  }

  async merged(hash: string, file?: Identity): Promise<void> {
    const pair = (await this.newestPair()) ?? (await this.begin({ rev: -1, base: 0, epoch: null, t: 0, hash: '' }, '{}'))
    await this.log(pair, { merged: hash, ...(file !== undefined && { of: nameOf(file) }) })
  }

  /** An inode that is free is soon another file's, and a copy may keep the time of its original: then nothing else tells them apart. */
  async placed(): Promise<void> {
    const pair = await this.newestPair()
    if (pair !== undefined && (await this.standing()) !== '') await this.log(pair, PLACED)
  }

  private isFull(pair: Pair): boolean {
    const isLong = pair.lines >= LOG_LENGTH || pair.bytes > Math.max(LOG_BYTES, 2 * pair.length)
    return isLong || this.clock.now() - pair.at > WINDOW_MS
  }

  private async begin(version: Version, document: string): Promise<Pair> {
    const kept = await this.kept()
    const n = (kept.at(-1)?.n ?? 0) + 1
    const at = this.clock.now()
    const standing = await this.standing()
    const text = JSON.stringify({ version, at, ...(standing !== '' && { standing }), document })
    const path = this.at(n, 'json')
    await this.files.write(`${path}.tmp`, text)
    await this.files.rename(`${path}.tmp`, path)
    const pair: Pair = { n, at, known: new Set([version.hash]), standing, lines: 0, bytes: 0, length: text.length }
    kept.push({ n, read: () => Promise.resolve(pair) })
    while (kept.length > 2 && (await this.isOver(kept[1]!))) await this.drop(kept.shift()!)
    return pair
  }

  /** Its successor goes back far enough. */
  private async isOver(next: Kept): Promise<boolean> {
    const pair = await next.read()
    return pair === null || this.clock.now() - pair.at > WINDOW_MS
  }

  private async drop(pair: Kept): Promise<void> {
    await this.files.remove(this.at(pair.n, 'log'))
    await this.files.remove(this.at(pair.n, 'json'))
  }

  private async log(pair: Pair, line: LogLine): Promise<void> {
    const text = `\n${JSON.stringify(line)}\n`
    await appendToPresent(this.files, this.at(pair.n, 'log'), text)
    note(pair, line)
    pair.lines++
    pair.bytes += text.length
  }

  private at(n: number, kind: 'json' | 'log'): string {
    return join(this.directory, `version.${n}.${kind}`)
  }

  private async kept(): Promise<Kept[]> {
    if (this.cached !== null) return this.cached
    const names = await this.files.list(this.directory)
    const numbers = names.flatMap((name) => Number(/^version\.(\d+)\.json$/.exec(name)?.[1] ?? NaN)).filter((n) => n > 0)
    return (this.cached = numbers.sort((a, b) => a - b).map((n) => this.keptAt(n)))
  }

  private keptAt(n: number): Kept {
    let pair: Promise<Pair | null> | undefined
    return { n, read: () => (pair ??= this.readPair(n)) }
  }

  private async *newestFirst(): AsyncGenerator<Pair> {
    for (const { read } of (await this.kept()).toReversed()) {
      const pair = await read()
      if (pair !== null) yield pair
    }
  }

  private async newestPair(): Promise<Pair | undefined> {
    for await (const pair of this.newestFirst()) return pair
    return undefined
  }

  private async readPair(n: number): Promise<Pair | null> {
    const checkpoint = await this.checkpoint(n)
    if (checkpoint === null) return null
    const log = await this.logOf(n)
    const { at, standing } = checkpoint
    const known = new Set([checkpoint.version.hash])
    const pair: Pair = { n, at, known, standing, lines: log.lines.length, bytes: log.bytes, length: checkpoint.text.length }
    for (const line of log.lines) note(pair, line)
    return pair
  }

  /** null: a disk that failed. An edit of these versions is then compared with what else is known. */
  private async checkpoint(n: number): Promise<(Omit<Checkpoint, 'document'> & { text: string }) | null> {
    const file = await this.files.read(this.at(n, 'json'))
    if (file === null) return null
    try {
      const { version, at, standing = '', document } = JSON.parse(file.text) as { version: Version; at: number; standing?: string; document: string }
      return typeof version.hash === 'string' ? { version, at, standing, text: document } : null
    } catch {
      return null
    }
  }

  private async logOf(n: number): Promise<{ lines: LogLine[]; bytes: number }> {
    const read = await this.files.readLines(this.at(n, 'log'), 0)
    return { lines: (read?.lines ?? []).flatMap(parseLogLine), bytes: read?.end ?? 0 }
  }

  /** The versions of a pair, oldest first; the document is the same object each time, changed from step to step. */
  private async *replay(pair: Pair): AsyncGenerator<{ version: Version; document: TreeMap }> {
    const checkpoint = await this.checkpoint(pair.n)
    if (checkpoint === null) return
    const document = documentOf(checkpoint.text)
    if (document === null) return
    yield { version: checkpoint.version, document }
    for (const line of (await this.logOf(pair.n)).lines) {
      if ('merged' in line) continue
      applyEdits(document, line.edits)
      yield { version: line.version, document }
    }
  }
}

function documentOf(text: string): TreeMap | null {
  try {
    return parseOwn(text)
  } catch (error) {
    if (error instanceof InvalidJson) return null
    throw error
  }
}
