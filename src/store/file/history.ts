/** The last changes, in order of revision, for readers while no shared store answers: two files, the older one dropped as a whole. */
import { join } from 'node:path'
import type { Change } from '../../domain/operation.js'
import type { Files } from '../../platform/files.js'
import { isChange } from './line-shapes.js'
import type { History } from '../root.js'

const MAX_BYTES = 8 * 1024 * 1024

export class HistoryFile implements History {
  private readonly path: string

  constructor(
    directory: string,
    private readonly files: Files,
  ) {
    this.path = join(directory, 'history')
  }

  async add(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    if (((await this.files.identify(this.path))?.size ?? 0) > MAX_BYTES) await this.files.rename(this.path, `${this.path}.1`)
    await this.files.append(this.path, `\n${changes.map((change) => JSON.stringify(change)).join('\n')}\n`)
  }

  /** Counts the lines, and those that nobody can read. */
  async inspect(): Promise<{ lines: number; unreadable: number }> {
    const lines = [...((await this.files.readLines(`${this.path}.1`, 0))?.lines ?? []), ...((await this.files.readLines(this.path, 0))?.lines ?? [])]
    return { lines: lines.length, unreadable: lines.filter((line) => parseChange(line).length === 0).length }
  }

  /** A keeper that died between two steps may have written a change twice: each revision is returned once. */
  async after(rev: number): Promise<Change[]> {
    const byRev = new Map<number, Change>()
    for (const path of [`${this.path}.1`, this.path]) {
      const lines = (await this.files.readLines(path, 0))?.lines ?? []
      for (const change of lines.flatMap(parseChange)) if (change.rev > rev) byRev.set(change.rev, change)
    }
    return [...byRev.values()].sort((a, b) => a.rev - b.rev)
  }
}

function parseChange(text: string): Change[] {
  try {
    const change: unknown = JSON.parse(text)
    return isChange(change) ? [change] : []
  } catch {
    return [] // torn by a kill; the shared store, or the next keeper's replay, has it
  }
}
