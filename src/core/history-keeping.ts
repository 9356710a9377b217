/**
 * The history as a keeper knows it. What this root has numbered itself is committed with its line in the journal: where the disk did not
 * take it into the history as well, it is told from there until a keeper has put it into the history, and no such line is dropped before.
 */
import type { Change } from '../domain/operation.js'
import { messageOf } from '../errors/errors.js'
import type { History, JournalLine } from '../store/root.js'
import type { Ports } from './ports.js'

export class HistoryKeeping implements History {
  /** Numbered here, and not in the history, or not yet; by revision. */
  private readonly owed = new Map<number, Change>()
  /** Told once, until it takes changes again. */
  private hasFailed = false

  constructor(private readonly ports: Pick<Ports, 'root' | 'tell'>) {}

  /** The journal alone has some changes: its lines have to stay. */
  get isOwed(): boolean {
    return this.owed.size > 0
  }

  /** By the keeper alone: what it has numbered. */
  async add(changes: readonly Change[]): Promise<void> {
    const all = [...this.owed.values(), ...changes]
    const isTaken = await this.copy(all)
    for (const change of all) {
      if (isTaken) this.owed.delete(change.rev)
      else this.owed.set(change.rev, change)
    }
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
    for (const rev of known) this.owed.delete(rev)
    for (const change of numbered) if (!known.has(change.rev)) this.owed.set(change.rev, change)
  }

  /** The revision behind which the history has to be read, for one from which it is wanted. */
  from(rev: number): number {
    return Math.min(rev, ...[...this.owed.keys()].map((owed) => owed - 1))
  }

  /** By the keeper alone: nobody else adds to it then. One before may have died, or had no room, after it numbered a change. */
  async complete(): Promise<void> {
    if (this.owed.size === 0) return
    this.compare([], await this.ports.root.history.after(this.from(Infinity)))
    await this.add([])
  }

  async after(rev: number): Promise<Change[]> {
    const told = await this.ports.root.history.after(rev)
    const owed = [...this.owed.values()].filter((change) => change.rev > rev)
    if (owed.length === 0) return told
    const byRev = new Map([...owed, ...told].map((change) => [change.rev, change]))
    return [...byRev.values()].sort((a, b) => a.rev - b.rev)
  }

  follow(): (rev: number) => Promise<Change[]> {
    return this.ports.root.history.follow()
  }
}

/** What this root has numbered itself. */
export const numberedIn = (lines: readonly JournalLine[]): Change[] => lines.flatMap((line) => ('change' in line ? [line.change] : []))
