/**
 * The last changes, for readers while no shared store answers: two files, the older one dropped as a whole. They are read from their
 * end, as mostly only the newest changes are asked for.
 */
import { join } from 'node:path'
import type { Change } from '../../domain/operation.js'
import { appendToPresent, type Files } from '../../platform/files.js'
import { isChange } from './line-shapes.js'
import type { History } from '../root.js'

const MAX_BYTES = 8 * 1024 * 1024
/** Read at first; then twice as much, until it reaches back far enough. */
const FIRST_BYTES = 64 * 1024

export class HistoryFile implements History {
  private readonly path: string
  /** With the last changes that were added; null: none were added by this process. */
  private size: number | null = null

  constructor(
    directory: string,
    private readonly files: Files,
  ) {
    this.path = join(directory, 'history')
  }

  async add(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    if (this.size === null || this.size > MAX_BYTES) this.size = (await this.files.identify(this.path))?.size ?? 0 // others may have begun another one
    if (this.size > MAX_BYTES) await this.files.rename(this.path, `${this.path}.1`)
    this.size = (await appendToPresent(this.files, this.path, `\n${changes.map((change) => JSON.stringify(change)).join('\n')}\n`)).end
  }

  /** Counts the lines, and those that nobody can read. */
  async inspect(): Promise<{ lines: number; unreadable: number }> {
    const lines = [...((await this.files.readLines(`${this.path}.1`, 0))?.lines ?? []), ...((await this.files.readLines(this.path, 0))?.lines ?? [])]
    return { lines: lines.length, unreadable: lines.filter((line) => parseChange(line).length === 0).length }
  }

  /** A keeper that died between two steps may have written a change twice: each revision is returned once. */
  async after(rev: number): Promise<Change[]> {
    const present = await this.newerIn(this.path, rev)
    // What was in the file when it became the former one, meanwhile, is read twice, and nothing is missed.
    const former = present.isEnough ? [] : (await this.newerIn(`${this.path}.1`, rev)).changes
    return inOrder([...former, ...present.changes])
  }

  follow(): (rev: number) => Promise<Change[]> {
    let tail: { ino: number; end: number } | null = null
    return async (rev) => {
      const present = await this.files.identify(this.path)
      if (tail !== null && present?.ino === tail.ino && present.size === tail.end) return []
      const read = tail === null ? null : await this.files.readLines(this.path, tail.end)
      if (read !== null && read.ino === tail?.ino) {
        tail = { ino: read.ino, end: read.end }
        return inOrder(read.lines.flatMap(parseChange).filter((change) => change.rev > rev))
      }
      const changes = await this.after(rev)
      tail = present === null ? null : { ino: present.ino, end: present.size } // what came meanwhile is read twice
      return changes
    }
  }

  /** `isEnough`: nothing newer is in front of what was read. */
  private async newerIn(path: string, rev: number): Promise<{ changes: Change[]; isEnough: boolean }> {
    const size = (await this.files.identify(path))?.size ?? 0
    for (let bytes = FIRST_BYTES; ; bytes *= 2) {
      const from = Math.max(0, size - bytes)
      const lines = (await this.files.readLines(path, from))?.lines ?? []
      if (from > 0) lines.shift() // it was begun in the middle
      const changes = lines.flatMap(parseChange)
      // A keeper that was held up may have written a change behind newer ones: half of what is read has to be older.
      const isEnough = changes.length > 1 && changes.slice(0, changes.length / 2).every((change) => change.rev <= rev)
      if (isEnough || from === 0) return { changes: changes.filter((change) => change.rev > rev), isEnough }
    }
  }
}

/** Each revision once. */
function inOrder(changes: readonly Change[]): Change[] {
  const byRev = new Map(changes.map((change) => [change.rev, change]))
  return [...byRev.values()].sort((a, b) => a.rev - b.rev)
}

function parseChange(text: string): Change[] {
  try {
    const change: unknown = JSON.parse(text)
    return isChange(change) ? [change] : []
  } catch {
    return [] // torn by a kill; the shared store, or the next keeper's replay, has it
  }
}
