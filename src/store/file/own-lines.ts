/** Lines that this process has appended, with none of another between them: who follows the journal need not read them back. */
import { addAll } from '../../domain/lists.js'
import type { JournalLine, JournalTail } from '../root.js'

/** Where nobody follows it, they are not kept for ever. */
const MOST = 1_000

interface Run {
  ino: number
  /** Offsets in the journal. */
  from: number
  end: number
  lines: JournalLine[]
}

export class OwnLines {
  private run: Run | null = null

  /**
   * Appended to a journal that ends with them now. Where another process has appended in the same moment, `from` is no place at which
   * a line begins, or one that nobody has read up to: then they are not taken.
   */
  add(lines: readonly JournalLine[], { ino, from, end }: Omit<Run, 'lines'>): void {
    const { run } = this
    const goesOn = run !== null && run.ino === ino && run.end === from && run.lines.length < MOST
    if (!goesOn) this.run = { ino, from, end, lines: [...lines] }
    else {
      addAll(run.lines, lines)
      run.end = end
    }
  }

  /** Those right behind the tail, and where they end; null: what comes there has to be read. They are given once. */
  take(tail: JournalTail): { lines: JournalLine[]; end: number } | null {
    const { run } = this
    this.run = null
    return run !== null && run.ino === tail.ino && run.from === tail.end ? run : null
  }
}
