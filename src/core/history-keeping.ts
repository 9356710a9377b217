/**
 * The history as a keeper knows it. What this root has numbered itself is committed with its line in the journal: where the disk did not
 * take it into the history as well, it is told from there until a keeper has put it into the history, and no such line is dropped before.
 */
import type { Change } from '../domain/operation.js'
import { messageOf } from '../errors/errors.js'
import type { History, JournalLine } from '../store/root.js'
import type { Ports } from './ports.js'

/** So many of those that it lacks are held in memory: a history may be closed for days. The journal has all of them. */
const HELD = 1_000
/** Changes of one addition. */
const AT_A_TIME = 200

export class HistoryKeeping implements History {
  /** Numbered here, and not in the history, or not yet; by revision. The first ones. */
  private readonly owed = new Map<number, Change>()
  /** There are more of them, in the journal. */
  private isMore = false
  /** The lowest revision of all of them. */
  private lowest = Infinity
  /** Told once, until it takes changes again. */
  private hasFailed = false

  constructor(private readonly ports: Pick<Ports, 'root' | 'tell'>) {}

  /** The journal alone has some changes: its lines have to stay. */
  get isOwed(): boolean {
    return this.owed.size > 0
  }

  /** By the keeper alone: what it has numbered. While the history refuses, it is asked once a round, and not with each change. */
  async add(changes: readonly Change[]): Promise<void> {
    if (this.isOwed || !(await this.copy(changes))) for (const change of changes) this.owe(change)
  }

  /** Of a shared store, which has them still where the disk takes nothing: then false. */
  async copy(changes: readonly Change[]): Promise<boolean> {
    try {
      await this.ports.root.history.add(changes)
      this.hasFailed = false
    } catch (error) {
      if (!this.hasFailed) this.ports.tell('error', `the history takes no changes, and misses them: ${messageOf(error)}`)
      this.hasFailed = true
    }
    return !this.hasFailed
  }

  /** Lines of the journal, beside what the history told when it was read after them. Whoever only reads leaves it to a keeper. */
  compare(numbered: readonly Change[], told: readonly Change[]): void {
    const known = new Set(told.map((change) => change.rev))
    if (!this.isMore) for (const rev of known) this.owed.delete(rev)
    for (const change of numbered) if (!known.has(change.rev)) this.owe(change)
  }

  /** The revision behind which the history has to be read, for one from which it is wanted. */
  from(rev: number): number {
    return this.isOwed ? Math.min(rev, this.lowest - 1) : rev
  }

  /** By the keeper alone: nobody else adds to it then. One before may have died, or had no room, after it numbered a change. */
  async complete(): Promise<void> {
    if (!this.isOwed || !(await this.put([...this.owed.values()]))) return
    if (this.isMore && !(await this.put(await this.inJournal()))) return
    this.owed.clear()
    this.isMore = false
    this.lowest = Infinity
  }

  async after(rev: number): Promise<Change[]> {
    const held = this.isMore ? await this.inJournal() : [...this.owed.values()] // first: what leaves the journal then is in the history
    const told = await this.ports.root.history.after(rev)
    const owed = held.filter((change) => change.rev > rev)
    if (owed.length === 0) return told
    const byRev = new Map([...owed, ...told].map((change) => [change.rev, change]))
    return [...byRev.values()].sort((a, b) => a.rev - b.rev)
  }

  follow(): (rev: number) => Promise<Change[]> {
    return this.ports.root.history.follow()
  }

  private owe(change: Change): void {
    this.lowest = Math.min(this.lowest, change.rev)
    if (this.owed.size < HELD) this.owed.set(change.rev, change)
    else this.isMore ||= !this.owed.has(change.rev)
  }

  private async inJournal(): Promise<Change[]> {
    return numberedIn((await this.ports.root.load()).lines)
  }

  /**
   * Those of them that the history lacks; false: it did not take all. What it has that is newer comes once more behind them: it is read from
   * its end, back to where nothing newer is met any more.
   */
  private async put(changes: readonly Change[]): Promise<boolean> {
    const told = await this.ports.root.history.after(lowestOf(changes) - 1)
    const known = new Set(told.map(({ rev }) => rev))
    const missing = changes.filter(({ rev }) => !known.has(rev))
    const lowest = lowestOf(missing)
    const all = [...missing, ...told.filter(({ rev }) => rev > lowest)].sort((a, b) => a.rev - b.rev)
    for (let at = 0; at < all.length; at += AT_A_TIME) {
      if (!(await this.copy(all.slice(at, at + AT_A_TIME)))) return false
    }
    return true
  }
}

const lowestOf = (changes: readonly Change[]): number => changes.reduce((least, { rev }) => Math.min(least, rev), Infinity)

/** What this root has numbered itself. */
export const numberedIn = (lines: readonly JournalLine[]): Change[] => lines.flatMap((line) => ('change' in line ? [line.change] : []))
