/**
 * The versions of context.json written here in the last minutes. A checkpoint holds a whole document, its log the
 * difference of each later version; a new pair is begun when the log is old or long, and the pair before is kept.
 */
import { join } from 'node:path'
import { cloneMap, formatLine, InvalidJson, parseTreeMap, type TreeMap } from '../../domain/json.js'
import { applyEdits, diffTrees, type LeafEdit } from '../../domain/tree.js'
import type { Clock } from '../../platform/clock.js'
import type { Files } from '../../platform/files.js'
import type { Version, Versions } from '../root.js'

/** A version can be edited this long after it was read. */
const WINDOW_MS = 10 * 60_000
/** Versions in one log. */
const LOG_LENGTH = 2_000

/** Of one log; or twice its document, where that is longer. */
const LOG_BYTES = 8 * 1024 * 1024

type LogLine = { version: Version; edits: LeafEdit[] } | { merged: string }

interface Checkpoint {
  version: Version
  document: TreeMap
  at: number
}

/** A checkpoint and its log, as far as they are kept in memory: the documents are read when they are asked for. */
interface Pair {
  n: number
  at: number
  hashes: Set<string>
  /** Of the log. */
  lines: number
  bytes: number
  /** Of the checkpoint. */
  length: number
}

export class VersionLog implements Versions {
  private cached: Pair[] | null = null
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
      const pair = (await this.pairs()).at(-1)
      if (pair === undefined) return null
      for await (const { version, document } of this.replay(pair)) this.newest = { version, document }
    }
    return this.newest
  }

  async knows(hash: string): Promise<boolean> {
    return (await this.pairs()).some((pair) => pair.hashes.has(hash))
  }

  async withRev(rev: number): Promise<{ version: Version; document: TreeMap }[]> {
    const found: { version: Version; document: TreeMap }[] = []
    for (const pair of await this.pairs()) {
      for await (const { version, document } of this.replay(pair)) {
        if (version.rev === rev) found.push({ version, document: cloneMap(document) })
      }
    }
    return found.reverse()
  }

  async add(version: Version, document: TreeMap): Promise<void> {
    const before = await this.last()
    const pair = (await this.pairs()).at(-1)
    if (before === null || pair === undefined || this.isFull(pair)) await this.begin(pair, version, document)
    else await this.log(pair, { version, edits: diffTrees(before.document, document) }, version.hash)
    this.newest = { version, document }
  }

  async merged(hash: string): Promise<void> {
    const pair = (await this.pairs()).at(-1)
    if (pair === undefined) await this.begin(undefined, { rev: -1, base: 0, epoch: null, t: 0, hash }, new Map())
    else await this.log(pair, { merged: hash }, hash)
  }

  private isFull(pair: Pair): boolean {
    const isLong = pair.lines >= LOG_LENGTH || pair.bytes > Math.max(LOG_BYTES, 2 * pair.length)
    return isLong || this.clock.now() - pair.at > WINDOW_MS
  }

  private async begin(before: Pair | undefined, version: Version, document: TreeMap): Promise<void> {
    const pairs = await this.pairs()
    const n = (before?.n ?? 0) + 1
    const at = this.clock.now()
    const text = JSON.stringify({ version, at, document: formatLine(document) })
    const path = this.at(n, 'json')
    await this.files.write(`${path}.tmp`, text)
    await this.files.rename(`${path}.tmp`, path)
    pairs.push({ n, at, hashes: new Set([version.hash]), lines: 0, bytes: 0, length: text.length })
    while (pairs.length > 2 && this.clock.now() - pairs[1]!.at > WINDOW_MS) await this.drop(pairs.shift()!)
  }

  private async drop(pair: Pair): Promise<void> {
    await this.files.remove(this.at(pair.n, 'log'))
    await this.files.remove(this.at(pair.n, 'json'))
  }

  private async log(pair: Pair, line: LogLine, hash: string): Promise<void> {
    const text = `\n${JSON.stringify(line)}\n`
    await this.files.append(this.at(pair.n, 'log'), text)
    pair.hashes.add(hash)
    pair.lines++
    pair.bytes += text.length
  }

  private at(n: number, kind: 'json' | 'log'): string {
    return join(this.directory, `version.${n}.${kind}`)
  }

  private async pairs(): Promise<Pair[]> {
    if (this.cached !== null) return this.cached
    const names = await this.files.list(this.directory)
    const numbers = names.flatMap((name) => Number(/^version\.(\d+)\.json$/.exec(name)?.[1] ?? NaN)).filter((n) => n > 0)
    const pairs: Pair[] = []
    for (const n of numbers.sort((a, b) => a - b)) {
      const checkpoint = await this.checkpoint(n)
      if (checkpoint !== null) pairs.push(pairOf(n, checkpoint, await this.linesOf(n)))
    }
    return (this.cached = pairs)
  }

  /** null: a disk that failed. An edit of these versions is then compared with what else is known. */
  private async checkpoint(n: number): Promise<(Omit<Checkpoint, 'document'> & { text: string }) | null> {
    const file = await this.files.read(this.at(n, 'json'))
    if (file === null) return null
    try {
      const { version, at, document } = JSON.parse(file.text) as { version: Version; at: number; document: string }
      return typeof version.hash === 'string' ? { version, at, text: document } : null
    } catch {
      return null
    }
  }

  private async linesOf(n: number): Promise<LogLine[]> {
    return ((await this.files.readLines(this.at(n, 'log'), 0))?.lines ?? []).flatMap(parseLogLine)
  }

  /** The versions of a pair, oldest first; the document is the same object each time, changed from step to step. */
  private async *replay(pair: Pair): AsyncGenerator<{ version: Version; document: TreeMap }> {
    const checkpoint = await this.checkpoint(pair.n)
    if (checkpoint === null) return
    const document = documentOf(checkpoint.text)
    if (document === null) return
    yield { version: checkpoint.version, document }
    for (const line of await this.linesOf(pair.n)) {
      if ('merged' in line) continue
      applyEdits(document, line.edits)
      yield { version: line.version, document }
    }
  }
}

function documentOf(text: string): TreeMap | null {
  try {
    return parseTreeMap(text)
  } catch (error) {
    if (error instanceof InvalidJson) return null
    throw error
  }
}

function pairOf(n: number, { version, at, text }: { version: Version; at: number; text: string }, log: readonly LogLine[]): Pair {
  const hashes = new Set([version.hash, ...log.map((line) => ('merged' in line ? line.merged : line.version.hash))])
  return { n, at, hashes, lines: log.length, bytes: 0, length: text.length }
}

function parseLogLine(text: string): LogLine[] {
  try {
    return [JSON.parse(text) as LogLine]
  } catch {
    return [] // torn: the version was never put in place
  }
}
