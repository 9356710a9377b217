/**
 * A root without a shared store gives the revisions itself: its keeper judges a proposal on its replica, appends the change
 * to the journal (that is the commit), and applies it. There is nobody else, so nothing is ever evicted or stale for long.
 */
import { judge, storedIn } from '../../domain/judge.js'
import { mergeContains } from '../../domain/lineage.js'
import { type Change, type Draft, numbered, type Target } from '../../domain/operation.js'
import { advance, lineageOf, type Replica } from '../../domain/replica.js'
import type { Lineage, Proposal, Roster, SeenId, Store, Stored, Verdict } from '../contract.js'
import type { Clock } from '../../platform/clock.js'
import type { History, JournalLine, Root } from '../root.js'

export interface FileStorePorts {
  /** Of the keeper: only who holds its lock may use this store. */
  replica: Replica
  append(line: JournalLine): Promise<void>
  /** What it does not take it tells all the same: whoever numbers is answered by the journal. */
  history: History
  save(): Promise<void>
  now(): number
  /** The newest fence of a lease; null: there is none. */
  fenceOf?(name: string): Promise<number | null>
}

export class FileStore implements Store {
  readonly name = 'file'
  readonly shared = false

  constructor(private readonly ports: FileStorePorts) {}

  async hello(): Promise<Lineage> {
    const { replica } = this.ports
    const own = isOwn(replica.epoch)
    return {
      epoch: own ? replica.epoch : null,
      run: 'file',
      owner: own ? 'file' : null,
      rev: replica.rev,
      first: 0,
      contains: new Map(replica.contains),
      time: this.ports.now(),
    }
  }

  async beginEpoch(_seen: unknown, next: { epoch: string; atLeast: number }): Promise<Lineage> {
    const { replica } = this.ports
    const { contains, epoch, rev, high } = replica
    const first = Math.max(high, next.atLeast)
    Object.assign(replica, { contains: lineageOf(replica), epoch: next.epoch, rev: first, high: first })
    try {
      await this.ports.save()
    } catch (error) {
      Object.assign(replica, { contains, epoch, rev, high }) // what is numbered in an epoch that nobody can know of would be lost
      throw error
    }
    return this.hello()
  }

  async read(target: Target): Promise<Stored> {
    return storedIn(this.ports.replica, target)
  }

  async targets(): Promise<Target[]> {
    return [...this.ports.replica.entries.keys()]
  }

  async commit(proposal: Proposal): Promise<Verdict> {
    const { replica } = this.ports
    const refusal = judge(proposal, {
      epoch: isOwn(replica.epoch) ? replica.epoch : null,
      seen: replica.seen.get(proposal.draft.id),
      rev: replica.rev,
      revOf: (id) => replica.seen.get(id)?.rev,
      stored: storedIn(replica, proposal.draft.target),
      fence: proposal.fence === undefined ? null : ((await this.ports.fenceOf?.(proposal.fence.name)) ?? null),
      first: 0,
    })
    if (refusal !== null) return refusal
    const change = await this.number(proposal.draft, proposal.floor)
    this.takeBack(proposal.gives ?? [])
    return { is: 'committed', change }
  }

  /** Gives the draft its revision: the line in the journal is the commit, and nothing that fails after it undoes it. */
  async number(draft: Draft, floor: number): Promise<Change> {
    const { replica } = this.ports
    const rev = Math.max(replica.rev, replica.high, floor) + 1
    const change = numbered(draft, rev, replica.rev, replica.epoch!)
    await this.ports.append({ change })
    advance(replica, change)
    await this.ports.history.add([change])
    return change
  }

  async changesAfter(rev: number, limit: number): Promise<{ changes: Change[]; rev: number }> {
    const { replica } = this.ports
    if (rev >= replica.rev) return { changes: [], rev: replica.rev } // the history is long, and there is nothing newer in it
    const changes = await this.ports.history.after(rev)
    return { changes: changes.slice(0, limit), rev: replica.rev }
  }

  async contain(epoch: string, known: Map<string, number>, ids: readonly SeenId[]): Promise<boolean> {
    const { replica } = this.ports
    if (epoch !== replica.epoch) return false
    replica.contains = mergeContains(replica.contains, known)
    replica.contains.delete(epoch)
    this.takeBack(ids)
    await this.ports.save()
    return true
  }

  /** Nothing is ever evicted here. */
  async heal(_epoch: string, target: Target, roster: Roster): Promise<boolean> {
    const present = storedIn(this.ports.replica, target).roster
    return present !== null && present.live === roster.live && present.rev === roster.rev
  }

  async seenIds(after: number): Promise<SeenId[]> {
    return [...this.ports.replica.seen]
      .map(([id, { rev, digest, t }]) => ({ id, rev, ...(digest !== undefined && { digest }), ...(t !== undefined && { t }) }))
      .filter(({ rev }) => rev === 0 || rev > after)
  }

  private takeBack(ids: readonly SeenId[]): void {
    const { seen } = this.ports.replica
    for (const { id, ...facts } of ids) if (!seen.has(id)) seen.set(id, facts)
  }

  async close(): Promise<void> {}
}

/** The store of a root for its keeper, whose replica it decides on. */
export const fileStoreOf =
  (root: Pick<Root, 'append'>, clock: Pick<Clock, 'now'>, fenceOf?: FileStorePorts['fenceOf']) =>
  (keeper: { replica: Replica; history: History; save(): Promise<void> }): FileStore =>
    new FileStore({
      replica: keeper.replica,
      append: (line) => root.append(line),
      history: keeper.history,
      save: () => keeper.save(),
      now: () => clock.now(),
      ...(fenceOf !== undefined && { fenceOf }),
    })

/** Epochs of roots begin with an f, those of shared stores with an r. */
const isOwn = (epoch: string | null): boolean => epoch?.startsWith('f') ?? false
