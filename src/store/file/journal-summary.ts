/** What a writer has to know of the journal, kept up to date line by line. Taking a line twice changes nothing. */
import type { Glance, JournalLine } from '../root.js'
import type { Head } from './state-format.js'

export class JournalSummary {
  /** Without a revision so far. */
  private readonly open: Set<string>
  /** With their revisions. */
  private readonly settled = new Map<string, number>()
  private lastT: number
  private high: number
  /** Of the epoch of the saved state. */
  private rev: number

  /** `head`: of the saved state, behind which the lines are. */
  constructor(private readonly head: Head | null) {
    this.open = new Set(head?.carried)
    this.lastT = head?.lastT ?? 0
    this.high = head?.high ?? 0
    this.rev = head?.rev ?? 0
  }

  /** An operation counts as pending until a line with its revision, or a change that the keeper numbered, says otherwise. */
  take(lines: readonly JournalLine[]): void {
    for (const line of lines) {
      const { id, t } = 'change' in line ? line.change : line.op
      const rev = 'change' in line ? line.change.rev : line.rev
      this.lastT = Math.max(this.lastT, t)
      this.high = Math.max(this.high, rev ?? 0)
      const { epoch } = 'change' in line ? line.change : line
      if (epoch === this.head?.epoch) this.rev = Math.max(this.rev, rev ?? 0)
      if (rev !== undefined) {
        this.settled.set(id, rev)
        this.open.delete(id)
      } else if (!this.settled.has(id)) this.open.add(id)
    }
  }

  /** `id`: of an operation that is asked for. */
  glance(id?: string): Glance {
    const { head, rev: last, lastT, high, open, settled } = this
    const rev = id === undefined ? undefined : settled.get(id)
    const about = rev !== undefined ? { rev } : id !== undefined && open.has(id) ? {} : undefined
    return { epoch: head?.epoch ?? null, rev: last, high, skewMs: head?.skewMs ?? 0, lastT, pending: open.size, ...(about !== undefined && { about }) }
  }
}
