/**
 * What happened to records past us: a legacy program's HSET, an eviction, an expiry. Only memory_sync deletes: what is missing
 * is lost, and is put back; what differs is a legacy program's change.
 */
import { emptyEntry, type Entry } from '../domain/entry.js'
import { type ForeignChange, foreignChange } from '../domain/foreign-change.js'
import { leavesOfFound, timeOfRecord } from '../domain/found-record.js'
import type { Draft, Edit, Operation, Target } from '../domain/operation.js'
import type { Replica } from '../domain/replica.js'
import { leavesOf } from '../domain/tree.js'
import type { Store, Stored } from '../store/contract.js'
import type { Ports } from './ports.js'
import type { RootCopy } from './root-copy.js'
import { rebuildEvicted } from './snapshot.js'
import { fieldsWritten, overwritten, tokensOf } from './submit.js'

/** So long others may put a record back of which this root does not know everything; then what it knows has to do. */
const GRACE_MS = 10_000

/** Records that are asked for together. */
const AT_A_TIME = 32

type Compared = 'equal' | 'ahead' | 'sent'

export class LegacyWatch {
  private readonly incompleteSince = new Map<Target, number>()

  constructor(private readonly ports: Ports) {}

  /**
   * Compares these records with what the changes say. `ahead`: those of which the replica has not the last change yet; they
   * are to be compared again when it has. `hasSent`: something was committed, or put back.
   */
  async take(store: Store, copy: RootCopy, targets: Iterable<Target>): Promise<{ ahead: Target[]; hasSent: boolean }> {
    const asked = [...targets]
    const { others: all, ahead } = await this.notAsKnown(store, copy.replica, asked)
    this.noteWhole(asked, [...all, ...ahead])
    let hasSent = false
    for (let from = 0; from < all.length; from += AT_A_TIME) {
      const some = all.slice(from, from + AT_A_TIME)
      const read = await Promise.all(some.map(async (target) => ({ target, stored: await store.read(target) })))
      for (const { target, stored } of read) {
        const is = await this.takeOne(store, copy, target, stored)
        if (is === 'ahead') ahead.push(target)
        else hasSent ||= is === 'sent'
      }
    }
    return { ahead, hasSent }
  }

  /**
   * Nearly all are as they should be: own writes have touched them, or nobody. `ahead`: of those that are not, who has had a change since
   * they were asked for, so that nothing is known of them as they are.
   */
  private async notAsKnown(store: Store, { entries }: Replica, targets: readonly Target[]): Promise<{ others: Target[]; ahead: Target[] }> {
    const known = new Map<Target, Entry>()
    const revs = new Map<Target, number>()
    for (const target of targets) {
      const entry = entries.get(target)
      if (entry === undefined) continue
      known.set(target, entry)
      revs.set(target, entry.rev)
    }
    if (store.unlike === undefined || known.size === 0) return { others: [...targets], ahead: [] }
    const unlike = new Set(await store.unlike(known))
    const isAhead = (target: Target): boolean => unlike.has(target) && entries.get(target)?.rev !== revs.get(target)
    const others = targets.filter((target) => !known.has(target) || (unlike.has(target) && !isAhead(target)))
    return { others, ahead: targets.filter(isAhead) }
  }

  /** Somebody else has put back those that are as they should be: when one of them is lost again, it is waited for anew. */
  private noteWhole(asked: readonly Target[], unlike: readonly Target[]): void {
    if (this.incompleteSince.size === 0) return
    const unsure = new Set(unlike)
    for (const target of asked) if (!unsure.has(target)) this.incompleteSince.delete(target)
  }

  private async takeOne(store: Store, copy: RootCopy, target: Target, read: Stored): Promise<Compared> {
    const { replica } = copy
    let stored = read
    const known = replica.entries.get(target)
    const isHealed = stored.evicted && (await this.heal(store, replica.epoch!, target, stored, known))
    if (isHealed) stored = await store.read(target)
    if (stored.evicted) return 'equal'
    this.incompleteSince.delete(target)
    const is = await this.compare(store, replica, target, stored, copy.now())
    return isHealed && is === 'equal' ? 'sent' : is
  }

  async heal(store: Store, epoch: string, target: Target, stored: Stored, known: Entry | undefined): Promise<boolean> {
    const roster = stored.roster!
    const entry = await rebuildEvicted(store, target, roster, known)
    if (entry !== undefined) {
      this.incompleteSince.delete(target)
      return store.heal(epoch, target, roster, entry)
    }
    const since = this.incompleteSince.get(target) ?? this.ports.clock.now()
    this.incompleteSince.set(target, since)
    if (this.ports.clock.now() - since < GRACE_MS) return false
    if (!(await store.heal(epoch, target, roster, known ?? { ...emptyEntry(), ...roster }))) return false
    this.incompleteSince.delete(target)
    this.ports.tell('warn', `${target} was evicted from Redis, and nobody put all of it back: restored as last known here`)
    return true
  }

  private async compare(store: Store, replica: Replica, target: Target, stored: Stored, latest: number): Promise<Compared> {
    if (stored.roster?.live === false && stored.tokens.size === 0) return 'equal'
    const known = replica.entries.get(target)
    if (stored.roster !== null && stored.roster.rev !== (known?.rev ?? -1)) return 'ahead'
    const change = stored.roster === null ? newRecord(stored) : foreignChange(known, stored.entry?.tree ?? emptyEntry().tree)
    if (change.leaves.length + change.inserts.length === 0) return 'equal'
    const draft = this.draftOf(replica.epoch, target, stored, change, Math.min(latest, timeOf(stored, latest)))
    const verdict = await store.commit({
      epoch: replica.epoch!,
      floor: replica.high,
      draft,
      before: stored.entry,
      expect: { roster: stored.roster, fields: tokensOf(stored, fieldsWritten(change)) },
    })
    const edits = editsOf(change)
    if (verdict.is !== 'committed' || edits.length === 0) return 'sent'
    await this.ports.root.append({ op: asOperation(draft, edits, replica), rev: verdict.change.rev, epoch: verdict.change.epoch })
    return 'sent'
  }

  /**
   * Two hubs that see the same make the same id: one of them is told that it was applied. In a lineage that lost the change it
   * has to be made again, under another id.
   */
  private draftOf(epoch: string | null, target: Target, stored: Stored, change: ForeignChange, t: number): Draft {
    const { leaves, inserts } = change
    const tokens = [...tokensOf(stored, fieldsWritten(change))].sort()
    const id = this.ports.digest(JSON.stringify(['legacy', epoch, target, stored.roster?.rev ?? null, tokens])).slice(0, 32)
    const lost = overwritten(stored, change)
    const kind = stored.roster === null ? 'adopt' : 'legacy'
    return { id, t, target, kind, by: 'legacy', leaves, ...(inserts.length > 0 && { inserts }), ...(lost.length > 0 && { lost }) }
  }
}

const newRecord = ({ entry }: Stored): ForeignChange => ({
  leaves: entry === undefined || entry.tree.size === 0 ? [] : leavesOfFound(leavesOf(entry.tree), entry),
  inserts: [],
})

/** What is new, or may be: not what comes back as it was. */
const editsOf = ({ leaves, inserts }: ForeignChange): Edit[] => [
  ...leaves
    .filter(({ stamp, counts }) => stamp === undefined && counts === undefined)
    .map(({ path, value }): Edit => (value === null ? { do: 'delete', path } : { do: 'set', path, value })),
  ...inserts.map((insert): Edit => ({ do: 'insert', ...insert })),
]

/** A record that is taken over is as old as it says. */
function timeOf(stored: Stored, latest: number): number {
  return stored.roster === null ? timeOfRecord(stored.entry?.tree ?? emptyEntry().tree) : latest
}

function asOperation(draft: Draft, edits: Edit[], replica: Replica): Operation {
  return {
    id: draft.id,
    t: draft.t,
    target: draft.target,
    kind: 'legacy',
    edits,
    base: replica.rev,
    baseEpoch: replica.epoch ?? '',
    by: draft.by,
    root: '',
  }
}
