/**
 * The versions of context.json written here in the last minutes. A checkpoint holds a whole document, its log the
 * difference of each later version; a new pair is begun when the log is old or long, and the pair before is kept.
 */
import { join } from 'node:path'
import { cloneMap, formatLine, parseTreeMap, type TreeMap } from '../../domain/json.js'
import { applyEdits, diffTrees, type LeafEdit } from '../../domain/tree.js'
import type { Clock } from '../../platform/clock.js'
import type { Files } from '../../platform/files.js'
import type { Version, Versions } from '../root.js'

/** A version can be edited this long after it was read. */
const WINDOW_MS = 10 * 60_000
/** Versions in one log. */
const LOG_LENGTH = 2_000

type LogLine = { version: Version; edits: LeafEdit[] } | { merged: string }

interface Pair {
  n: number
  checkpoint: { version: Version; document: TreeMap; at: number }
  log: LogLine[]
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
      this.newest = [...replay(pair)].at(-1) ?? null
    }
    return this.newest
  }

  async knows(hash: string): Promise<boolean> {
    for (const pair of await this.pairs()) {
      if (pair.checkpoint.version.hash === hash) return true
      if (pair.log.some((line) => ('merged' in line ? line.merged : line.version.hash) === hash)) return true
    }
    return false
  }

  async withRev(rev: number): Promise<{ version: Version; document: TreeMap }[]> {
    const found: { version: Version; document: TreeMap }[] = []
    for (const pair of await this.pairs()) {
      for (const { version, document } of replay(pair)) {
        if (version.rev === rev) found.push({ version, document: cloneMap(document) })
      }
    }
    return found.reverse()
  }

  async add(version: Version, document: TreeMap): Promise<void> {
    const before = await this.last()
    const pair = (await this.pairs()).at(-1)
    if (before === null || pair === undefined || this.isFull(pair)) await this.begin(pair, version, document)
    else await this.log(pair, { version, edits: diffTrees(before.document, document) })
    this.newest = { version, document }
  }

  async merged(hash: string): Promise<void> {
    const pair = (await this.pairs()).at(-1)
    if (pair === undefined) await this.begin(undefined, { rev: -1, base: 0, epoch: null, t: 0, hash }, new Map())
    else await this.log(pair, { merged: hash })
  }

  private isFull(pair: Pair): boolean {
    return pair.log.length >= LOG_LENGTH || this.clock.now() - pair.checkpoint.at > WINDOW_MS
  }

  private async begin(before: Pair | undefined, version: Version, document: TreeMap): Promise<void> {
    const pairs = await this.pairs()
    const n = (before?.n ?? 0) + 1
    const checkpoint = { version, document, at: this.clock.now() }
    const text = JSON.stringify({ version, at: checkpoint.at, document: formatLine(document) })
    const path = this.at(n, 'json')
    await this.files.write(`${path}.tmp`, text)
    await this.files.rename(`${path}.tmp`, path)
    pairs.push({ n, checkpoint: { ...checkpoint, document: cloneMap(document) }, log: [] })
    while (pairs.length > 2 && this.clock.now() - pairs[1]!.checkpoint.at > WINDOW_MS) await this.drop(pairs.shift()!)
  }

  private async drop(pair: Pair): Promise<void> {
    await this.files.remove(this.at(pair.n, 'log'))
    await this.files.remove(this.at(pair.n, 'json'))
  }

  private async log(pair: Pair, line: LogLine): Promise<void> {
    await this.files.append(this.at(pair.n, 'log'), `\n${JSON.stringify(line)}\n`)
    pair.log.push(line)
  }

  private at(n: number, kind: 'json' | 'log'): string {
    return join(this.directory, `version.${n}.${kind}`)
  }

  private async pairs(): Promise<Pair[]> {
    if (this.cached !== null) return this.cached
    const names = await this.files.list(this.directory)
    const numbers = names.flatMap((name) => Number(/^version\.(\d+)\.json$/.exec(name)?.[1] ?? NaN)).filter((n) => n > 0)
    const pairs: Pair[] = []
    for (const n of numbers.sort((a, b) => a - b)) pairs.push(...(await this.read(n)))
    return (this.cached = pairs)
  }

  private async read(n: number): Promise<Pair[]> {
    const text = await this.files.read(this.at(n, 'json'))
    if (text === null) return []
    const checkpoint = parseCheckpoint(text.text)
    if (checkpoint === null) return []
    const log = (await this.files.readLines(this.at(n, 'log'), 0))?.lines ?? []
    return [{ n, checkpoint, log: log.flatMap(parseLogLine) }]
  }
}

/** null: a disk that failed. An edit of these versions is then compared with what else is known. */
function parseCheckpoint(text: string): Pair['checkpoint'] | null {
  try {
    const { version, at, document } = JSON.parse(text) as { version: Version; at: number; document: string }
    return typeof version.hash === 'string' ? { version, at, document: parseTreeMap(document) } : null
  } catch {
    return null
  }
}

function parseLogLine(text: string): LogLine[] {
  try {
    return [JSON.parse(text) as LogLine]
  } catch {
    return [] // torn: the version was never put in place
  }
}

/** The versions of a pair, oldest first; the document is the same object each time, changed from step to step. */
function* replay(pair: Pair): Generator<{ version: Version; document: TreeMap }> {
  const document = cloneMap(pair.checkpoint.document)
  yield { version: pair.checkpoint.version, document }
  for (const line of pair.log) {
    if ('merged' in line) continue
    applyEdits(document, line.edits)
    yield { version: line.version, document }
  }
}
