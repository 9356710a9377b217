/**
 * The journal: what is in it is acknowledged. One write(2) a line with O_APPEND, no lock. The keeper closes it by renaming it
 * to a segment; who finds, after writing, that the path names another file by now, writes the line again: ids make that
 * harmless, and a line in a segment that was folded already would be gone.
 */
import { join } from 'node:path'
import { addAll } from '../../domain/lists.js'
import { MemoryError, messageOf, NotTaken } from '../../errors/errors.js'
import { type Appended, appendToPresent, type Files, WrittenUnseen } from '../../platform/files.js'
import type { JournalLine, JournalTail } from '../root.js'
import { isJournalLine } from './line-shapes.js'
import { OwnLines } from './own-lines.js'

/**
 * Stands in front of each line, and ends what a full disk may have left of one before: cut at any place, be it in front of its very last
 * byte, that is no JSON then. It was refused.
 */
const BEGIN = '#'

const SEGMENT = /^journal\.(\d+)$/

export class Journal {
  private readonly path: string
  private readonly own = new OwnLines()
  private noted: JournalLine[] = []
  private noting: Promise<void> | null = null

  constructor(
    private readonly directory: string,
    private readonly files: Files,
  ) {
    this.path = join(directory, 'journal')
  }

  /** Lines that only note what a shared store has committed go together, when they come together; every other one alone. */
  append(line: JournalLine): Promise<void> {
    if ('change' in line || line.rev === undefined) return this.write([line])
    this.noted.push(line)
    return (this.noting ??= Promise.resolve().then(() => {
      const all = this.noted
      this.noted = []
      this.noting = null
      return this.write(all)
    }))
  }

  private async write(lines: readonly JournalLine[]): Promise<void> {
    const text = lines.map((line) => `${BEGIN}\n${JSON.stringify(line)}\n`).join('')
    for (;;) {
      let appended: Appended
      try {
        appended = await this.files.append(this.path, text)
      } catch (error) {
        if (error instanceof WrittenUnseen) throw notSeen(error)
        throw new NotTaken(`the journal ${this.path} takes no line (${messageOf(error)})`, {
          cause: error,
          suggestions: ['free space or mend the permissions of the directory, then repeat the command'],
        })
      }
      const { ino, end } = appended
      if (end === null) continue
      this.own.add(lines, { ino, from: end - Buffer.byteLength(text), end })
      return
    }
  }

  /** Throws where no line could be appended. */
  async probe(): Promise<void> {
    await appendToPresent(this.files, this.path, '')
  }

  /** Counts the lines behind `generation`, and those that nobody can read. */
  async inspect(generation: number): Promise<{ lines: number; unreadable: number }> {
    const paths = (await this.segments(generation)).map((segment) => `${this.path}.${segment}`)
    let lines = 0
    let unreadable = 0
    for (const path of [...paths, this.path]) {
      const texts = (await this.files.readLines(path, 0))?.lines.filter((text) => text !== BEGIN) ?? []
      lines += texts.length
      unreadable += texts.filter((text) => parseLine(text).length === 0).length
    }
    return { lines, unreadable }
  }

  /** Every line behind `generation`, in order. null: a segment was sealed or folded meanwhile; look again. */
  async readAfter(generation: number): Promise<{ lines: JournalLine[]; tail: JournalTail } | null> {
    const before = await this.segments(generation)
    const lines: JournalLine[] = []
    for (const segment of before) {
      const read = await this.files.readLines(`${this.path}.${segment}`, 0)
      if (read === null) return this.noneAt(segment, generation)
      addAll(lines, read.lines.flatMap(parseLine))
    }
    const present = await this.files.readLines(this.path, 0)
    addAll(lines, (present?.lines ?? []).flatMap(parseLine))
    if ((await this.segments(generation)).join() !== before.join()) return null
    const tail: JournalTail = { generation: before.at(-1) ?? generation, ino: present?.ino ?? null, end: present?.end ?? 0 }
    return { lines, tail }
  }

  /** One that is listed still was not folded: no number comes twice. */
  private async noneAt(segment: number, generation: number): Promise<null> {
    if (!(await this.segments(generation)).includes(segment)) return null
    throw new MemoryError('unavailable', `${this.path}.${segment} cannot be read: it is a link that leads nowhere`, {
      suggestions: ['bring back what it names, or remove it'],
    })
  }

  async isTail({ ino, end }: JournalTail): Promise<boolean> {
    const present = await this.files.identify(this.path)
    return ino === null ? present === null : present?.ino === ino && present.size === end
  }

  /** Lines since `tail`, through segments that were sealed meanwhile. */
  async readSince(tail: JournalTail): Promise<{ lines: JournalLine[]; tail: JournalTail }> {
    const own = this.own.take(tail)
    const same = await this.files.identify(this.path)
    const { generation, ino } = tail
    if (same !== null && same.ino === ino) {
      const from = own?.end ?? tail.end
      if (same.size === from) return { lines: own?.lines ?? [], tail: { generation, ino, end: from } }
      const read = await this.files.readLines(this.path, from)
      // Else it was closed just now.
      if (read?.ino === ino) return { lines: [...(own?.lines ?? []), ...read.lines.flatMap(parseLine)], tail: { generation, ino, end: read.end } }
    }
    const sealed = await this.segments(generation)
    const lines: JournalLine[] = []
    let from = tail.end
    for (const segment of sealed) {
      const read = await this.files.readLines(`${this.path}.${segment}`, from)
      addAll(lines, (read?.lines ?? []).flatMap(parseLine))
      from = 0
    }
    const present = await this.files.readLines(this.path, from)
    addAll(lines, (present?.lines ?? []).flatMap(parseLine))
    return { lines, tail: { generation: sealed.at(-1) ?? generation, ino: present?.ino ?? null, end: present?.end ?? from } }
  }

  /** Nothing happens where the segment is there (a keeper died after sealing), or there is no journal. */
  async seal(generation: number): Promise<void> {
    if ((await this.files.identify(`${this.path}.${generation}`)) !== null) return
    await this.files.rename(this.path, `${this.path}.${generation}`)
  }

  async dropSegments(upTo: number): Promise<void> {
    for (const name of await this.files.list(this.directory)) {
      const segment = SEGMENT.exec(name)?.[1]
      if (segment !== undefined && Number(segment) <= upTo) await this.files.remove(join(this.directory, name))
    }
  }

  /** Sealed segments behind a generation, oldest first. */
  private async segments(after: number): Promise<number[]> {
    const names = await this.files.list(this.directory)
    return names
      .flatMap((name) => Number(SEGMENT.exec(name)?.[1] ?? NaN))
      .filter((segment) => segment > after)
      .sort((a, b) => a - b)
  }
}

/** Where the file was sealed right before, and is folded by now, the line is gone; else it is in the journal. */
const notSeen = (error: WrittenUnseen): MemoryError =>
  new MemoryError('unknown-outcome', `it is not known whether the write is kept: the journal ${error.message}`, {
    cause: error,
    suggestions: ['mend the permissions of the directory, then repeat the command with the same --idempotency-key: it is applied once', 'read the record'],
  })

/** A torn line was never acknowledged: it is passed over. */
function parseLine(text: string): JournalLine[] {
  if (text === BEGIN) return []
  try {
    const line: unknown = JSON.parse(text)
    return isJournalLine(line) ? [line] : []
  } catch {
    return []
  }
}
