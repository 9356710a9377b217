/** A connection to a MemoryServer. Each method does all of its work in one step, as a script in Redis does. */
import type { Entry } from '../../domain/entry.js'
import { equalTrees } from '../../domain/json.js'
import { mergeContains } from '../../domain/lineage.js'
import type { Change, Target } from '../../domain/operation.js'
import type { Lineage, Proposal, Roster, SeenId, Store, Stored, Verdict } from '../contract.js'
import { encodeField } from '../hash-fields.js'
import { commitTo, sameRoster } from './commit.js'
import {
  type MemoryData,
  readStored,
  recordAt,
  type RosterEntry,
  storedAs,
  type StoredRecord,
  type Sync,
  writeKnowledge,
  writeRevision,
} from './data.js'
import type { MemoryServer } from './server.js'

export class MemoryStore implements Store {
  readonly name = 'memory'
  readonly shared = true

  constructor(private readonly server: MemoryServer) {}

  hello(): Promise<Lineage> {
    return step(() => this.lineage())
  }

  beginEpoch(
    seen: { epoch: string | null; owner: string | null },
    next: { epoch: string; atLeast: number },
  ): Promise<Lineage> {
    return step(() => {
      const now = this.lineage()
      if (seen.epoch !== now.epoch || seen.owner !== now.owner) return now
      const { data, run } = this.server
      const first = Math.max(next.atLeast, now.rev, data.stream.at(-1)?.rev ?? 0)
      const contains = new Map(now.contains)
      if (data.sync !== null) contains.set(data.sync.epoch, now.rev)
      data.sync = {
        ...{ epoch: next.epoch, owner: run, first, rev: first, contains, since: this.server.now() },
        roster: data.sync?.roster ?? new Map<Target, RosterEntry>(),
        leaseRoots: data.sync?.leaseRoots ?? new Map<string, { epoch: string; usedAt: number }>(),
        longestLeaseMs: data.sync?.longestLeaseMs ?? 0,
      }
      data.seen ??= new Map()
      data.counter = first
      return this.lineage()
    })
  }

  read(target: Target): Promise<Stored> {
    return step(() => readStored(this.server.data, target))
  }

  unlike(known: ReadonlyMap<Target, Entry>): Promise<Target[]> {
    return step(() => [...known].filter(([target, entry]) => !isLike(readStored(this.server.data, target), entry)).map(([target]) => target))
  }

  storedAs(target: Target, entry: Entry): Stored {
    return storedAs(target, entry)
  }

  targets(): Promise<Target[]> {
    return step(() => {
      const { sync, records } = this.server.data
      const made = [...records].filter(([, record]) => record.fields.size > 0).map(([target]) => target)
      return [...new Set([...(sync?.roster.keys() ?? []), ...made])]
    })
  }

  commit(proposal: Proposal): Promise<Verdict> {
    return step(() => commitTo(this.server.data, this.server.run, proposal, { history: this.server.history }))
  }

  heal(epoch: string, target: Target, roster: Roster, entry: Entry): Promise<boolean> {
    return step(() => {
      const sync = this.ownSync(epoch)
      const known = sync?.roster.get(target)
      if (known === undefined || !sameRoster(known.roster, roster)) return false
      // Where it is whole, somebody was faster, and it may know more than the caller.
      if (roster.live && readStored(this.server.data, target).evicted) putBack(recordAt(this.server.data, target), known, target, entry)
      return true
    })
  }

  changesAfter(rev: number, limit: number): Promise<{ changes: Change[]; rev: number }> {
    return step(() => {
      const { stream } = this.server.data
      const changes = stream.filter((entry) => entry.rev > rev).slice(0, limit)
      return { changes: changes.map(({ text }) => JSON.parse(text) as Change), rev: revOf(this.server.data) }
    })
  }

  contain(epoch: string, known: Map<string, number>, ids: readonly SeenId[]): Promise<boolean> {
    return step(() => {
      const sync = this.ownSync(epoch)
      const { seen } = this.server.data
      if (sync === undefined || seen === null) return false
      sync.contains = mergeContains(sync.contains, known)
      sync.contains.delete(epoch)
      for (const id of ids) if (!seen.has(id.id)) seen.set(id.id, { ...id })
      return true
    })
  }

  seenIds(after: number): Promise<SeenId[]> {
    return step(() => {
      const { seen, sync } = this.server.data
      // What has a number from before this epoch was given back.
      return [...(seen?.values() ?? [])].filter(({ rev }) => rev > after || rev <= (sync?.first ?? 0))
    })
  }

  async close(): Promise<void> {}

  private lineage(): Lineage {
    const { data, run, now } = this.server
    const { sync, seen } = data
    const isWhole = sync !== null && seen !== null
    return {
      epoch: isWhole ? sync.epoch : null,
      run,
      owner: isWhole ? sync.owner : null,
      rev: revOf(data),
      first: sync?.first ?? 0,
      contains: new Map(sync?.contains),
      time: now(),
    }
  }

  /** The epoch's marks, while it is the caller's and this process has confirmed it. */
  private ownSync(epoch: string): Sync | undefined {
    const { data, run } = this.server
    const { sync, seen } = data
    return sync !== null && seen !== null && sync.epoch === epoch && sync.owner === run ? sync : undefined
  }
}

const revOf = ({ counter, sync }: MemoryData): number => Math.max(counter, sync?.rev ?? 0)

/** What was thrown rejects the promise, as over a network. */
const step = <T>(work: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(work())
  })

function putBack(record: StoredRecord, known: RosterEntry, target: Target, entry: Entry): void {
  const standing = record.fields
  record.fields = new Map()
  for (const [field, value] of entry.tree) {
    const { raw, type } = encodeField(target, field, value)
    const now = standing.get(field) ?? raw
    record.fields.set(field, now)
    if (type !== undefined && now === raw) record.types.set(field, { kind: type, raw })
  }
  for (const [field, raw] of standing) record.fields.set(field, raw)
  writeRevision(record, known.roster.rev)
  writeKnowledge(record, entry)
  known.hasTypes = record.types.size > 0
}

function isLike({ roster, entry, evicted, tokens }: Stored, known: Entry): boolean {
  if (evicted || roster?.live !== known.live || roster.rev !== known.rev) return false
  return known.live ? equalTrees(entry?.tree, known.tree) : tokens.size === 0
}
