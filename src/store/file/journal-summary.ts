/** What a writer has to know of the journal, kept up to date line by line. Taking a line twice changes nothing. */
import type { Glance, JournalLine } from '../root.js'
import type { Head } from './state-format.js'

export class JournalSummary {
  /** Without a revision so far, and when they were made. */
  private readonly open: Map<string, number>
  /** The newest of them; undefined: it has to be looked for. */
  private openT: number | undefined
  /** With their revisions. */
  private readonly settled = new Map<string, number>()
  /** Of the newest operation that is done. */
  private doneT: number
  private high: number
  /** Of the epoch of the saved state. */
  private rev: number

  /** `head`: of the saved state, behind which the lines are. */
  constructor(private readonly head: Head | null) {
    const { carried = [], lastT = 0, t = 0 } = head ?? {}
    this.open = new Map(carried.map((id) => [id, lastT]))
    this.doneT = carried.length === 0 ? lastT : t
    this.high = head?.high ?? 0
    this.rev = head?.rev ?? 0
  }

  /** An operation counts as pending until a line with its revision, or a change that the keeper numbered, says otherwise. */
  take(lines: readonly JournalLine[]): void {
    for (const line of lines) {
      const { id, t } = 'change' in line ? line.change : line.op
      const rev = 'change' in line ? line.change.rev : line.rev
      this.high = Math.max(this.high, rev ?? 0)
      const { epoch } = 'change' in line ? line.change : line
      if (epoch === this.head?.epoch) this.rev = Math.max(this.rev, rev ?? 0)
      if (rev !== undefined) {
        this.doneT = Math.max(this.doneT, t)
        this.settled.set(id, rev)
        if (this.open.get(id) === this.openT) this.openT = undefined
        this.open.delete(id)
      } else if (!this.settled.has(id) && !this.open.has(id)) {
        this.open.set(id, t)
        if (this.openT !== undefined) this.openT = Math.max(this.openT, t)
      }
    }
  }

  /** One that waits may be of a clock that was ahead; what is done never is, as it was capped. */
  private lastT(): number {
    this.openT ??= [...this.open.values()].reduce((newest, t) => Math.max(newest, t), 0)
    return Math.max(this.openT, this.doneT)
  }

  /** `id`: of an operation that is asked for. */
  glance(id?: string): Glance {
    const { head, rev: last, high, open, settled } = this
    const rev = id === undefined ? undefined : settled.get(id)
    const about = rev !== undefined ? { rev } : id !== undefined && open.has(id) ? {} : undefined
    return { epoch: head?.epoch ?? null, rev: last, high, skewMs: head?.skewMs ?? 0, lastT: this.lastT(), pending: open.size, ...(about !== undefined && { about }) }
  }
}
