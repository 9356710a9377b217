/** What a command that only appends has to know of its root, without reading the state or the whole journal each time. */
import { Shared } from '../../domain/shared.js'
import { type Files, type Identity, sameIdentity } from '../../platform/files.js'
import type { Glance, JournalTail } from '../root.js'
import type { Journal } from './journal.js'
import { JournalSummary } from './journal-summary.js'
import type { Head } from './state-format.js'

/** What a look at the journal found, and how far it went. */
interface Glimpse {
  state: Identity | null
  summary: JournalSummary
  tail: JournalTail
}

export class Glances {
  private glimpse: Glimpse | null = null
  /** Thousands of writes may ask at once. Each look is good for all who asked before it began. */
  private readonly looks = new Shared(() => this.look())

  constructor(
    private readonly statePath: string,
    private readonly files: Files,
    private readonly journal: Journal,
    private readonly readHead: () => Promise<Head | null>,
  ) {}

  async glance(id?: string): Promise<Glance> {
    return (await this.looks.ask()).glance(id)
  }

  /** Of the journal only what is new since the last look is read, as long as the saved state is the same. */
  private async look(): Promise<JournalSummary> {
    for (;;) {
      const before = await this.files.identify(this.statePath)
      const known = this.glimpse !== null && sameIdentity(this.glimpse.state, before) ? this.glimpse : null
      const glimpse = known ?? (await this.firstGlimpse(before))
      if (glimpse === null) continue
      const { lines, tail } = await this.journal.readSince(glimpse.tail)
      if (!sameIdentity(await this.files.identify(this.statePath), before)) continue // folded meanwhile
      glimpse.summary.take(lines)
      glimpse.tail = tail
      this.glimpse = glimpse
      return glimpse.summary
    }
  }

  private async firstGlimpse(state: Identity | null): Promise<Glimpse | null> {
    const head = await this.readHead()
    const journal = await this.journal.readAfter(head?.generation ?? 0)
    if (journal === null) return null
    const summary = new JournalSummary(head)
    summary.take(journal.lines)
    return { state, summary, tail: journal.tail }
  }
}
