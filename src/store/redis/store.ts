/** The store in Redis. Every step that has to be atomic is one Lua script; this class only translates. */
import type { Entry } from '../../domain/entry.js'
import { addAll } from '../../domain/lists.js'
import { type Change, CONTEXT, numbered, TASK_LIST, type Target } from '../../domain/operation.js'
import { MemoryError } from '../../errors/errors.js'
import { systemClock } from '../../platform/clock.js'
import type { Lineage, Proposal, Roster, SeenId, Stored, StoreListener, Verdict, WakingStore } from '../contract.js'
import { encodeField, encodeName } from '../hash-fields.js'
import type { RedisConnection } from './connection.js'
import { Keys } from './keys.js'
import { listenOn } from './listen.js'
import { type CommitLimits, commitArguments } from './proposal.js'
import { parseStored, type ReadReply, recordDigest, storedAs, typeEntry } from './record.js'
import { Reads } from './reads.js'
import { formatRoster, rosterField, rosterTarget } from './roster.js'
import { argumentsOf, type ScriptName, scriptNamed } from './scripts.js'
import { readSeenIds, seenArguments } from './seen.js'
import { formatKnowledge } from './stamps.js'
import { parseChange, revisionOf, type StreamEntry } from './stream.js'
import { validatorOf } from './validator.js'

export interface RedisStoreOptions {
  /** Default `memory`. */
  namespace?: string
  limits?: Partial<CommitLimits>
  /** Minutes east of UTC, for the times in published events. */
  offsetMinutes?: () => number
}

const DAY_MS = 24 * 3_600_000
/** Keys are promised for 7 days. */
const DEFAULT_LIMITS: CommitLimits = { history: 10_000, ids: 100_000, keysMs: 8 * DAY_MS }
const IDS_A_CALL = 1_000
/** That are compared. Redis does nothing else meanwhile: a millisecond or two. */
const RECORDS_A_CALL = 100

export class RedisStore implements WakingStore {
  readonly name = 'redis'
  readonly shared = true
  readonly keys: Keys
  readonly limits: CommitLimits
  readonly offsetMinutes: () => number
  private readonly reads = new Reads((targets) => this.readTogether(targets))

  constructor(
    readonly connection: RedisConnection,
    options: RedisStoreOptions = {},
  ) {
    this.keys = new Keys(options.namespace ?? 'memory')
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.offsetMinutes = options.offsetMinutes ?? (() => 0)
  }

  async hello(): Promise<Lineage> {
    const reply = await this.run<string[]>('hello', [...this.keys.marks, this.keys.rev], [])
    return parseLineage(reply, this.connection.run)
  }

  async beginEpoch(
    seen: { epoch: string | null; owner: string | null },
    next: { epoch: string; atLeast: number },
  ): Promise<Lineage> {
    const { keys, connection } = this
    const args = [seen.epoch ?? '', seen.owner ?? '', connection.run, next.epoch, String(next.atLeast)]
    await this.run<number>('beginEpoch', [...keys.marks, keys.rev, keys.events], args)
    return this.hello()
  }

  validator(): Promise<string | null> {
    return validatorOf(this.connection, this.keys.namespace)
  }

  read(target: Target): Promise<Stored> {
    return this.reads.ask(target)
  }

  private async readTogether(targets: Target[]): Promise<Stored[]> {
    const keys = [this.keys.sync, ...targets.flatMap((target) => this.keysOf(target))]
    const args = argumentsOf('read', keys, targets.map(rosterField))
    const replies = await this.connection.evaluateForBytes<ReadReply[]>(scriptNamed.read, args)
    return replies.map((reply, at) => parseStored(targets[at]!, reply))
  }

  private keysOf(target: Target): string[] {
    const { record, types, stamps } = this.keys.of(target)
    return [record, types, stamps]
  }

  async unlike(known: ReadonlyMap<Target, Entry>): Promise<Target[]> {
    const all = [...known]
    const found: Target[] = []
    for (let from = 0; from < all.length; from += RECORDS_A_CALL) {
      const some = all.slice(from, from + RECORDS_A_CALL)
      const keys = some.flatMap(([target]) => this.keysOf(target))
      const args = some.flatMap(([target, entry]) => [rosterField(target), String(entry.rev), entry.live ? recordDigest(target, entry) : ''])
      for (const n of await this.run<number[]>('unlike', [this.keys.sync, ...keys], args)) found.push(some[n - 1]![0])
    }
    return found
  }

  storedAs(target: Target, entry: Entry, fields: Iterable<string> = entry.tree.keys()): Stored {
    return storedAs(target, entry, fields)
  }

  async targets(): Promise<Target[]> {
    const single = [CONTEXT, TASK_LIST] as const
    const [fields, types, hashes] = await Promise.all([
      this.ask<string[]>('HKEYS', this.keys.sync),
      Promise.all(single.map((target) => this.ask<string>('TYPE', this.keys.of(target).record))),
      this.hashes(),
    ])
    const known = fields.flatMap((field) => rosterTarget(field) ?? [])
    const made = single.filter((_, at) => types[at] === 'hash')
    return [...new Set([...known, ...made, ...hashes])]
  }

  async commit(proposal: Proposal): Promise<Verdict> {
    const { keys, limits, connection } = this
    const facts = { run: connection.run, keys, limits, offsetMinutes: this.offsetMinutes() }
    const call = commitArguments(proposal, facts)
    return parseVerdict(await this.run<string[]>('commit', call.keys, call.args), proposal)
  }

  async heal(epoch: string, target: Target, roster: Roster, entry: Entry): Promise<boolean> {
    const { keys, connection } = this
    const { record, types, stamps } = keys.of(target)
    const fields = [...entry.tree].map(([name, value]) => {
      const { raw, type } = encodeField(target, name, value)
      return [encodeName(name), raw, type === undefined ? '' : typeEntry(type, raw)]
    })
    const args = [
      ...[epoch, connection.run, rosterField(target), formatRoster(roster), String(roster.rev)],
      ...[String(fields.length), ...fields.flat(), ...formatKnowledge(entry)],
    ]
    return (await this.run<number>('heal', [...keys.marks, record, types, stamps], args)) === 1
  }

  async changesAfter(rev: number, limit: number): Promise<{ changes: Change[]; rev: number }> {
    const { sync, rev: counter, events } = this.keys
    const changes: Change[] = []
    for (let after = rev; ; ) {
      const missing = limit - changes.length
      const [now, entries] = await this.run<[string, StreamEntry[]]>('changes', [sync, counter, events], [String(after + 1), String(missing)])
      addAll(changes, entries.flatMap((entry) => parseChange(entry) ?? []))
      if (entries.length < missing || changes.length === limit) return { changes, rev: Number(now) }
      after = revisionOf(entries.at(-1)!) // some were others': there are more behind them
    }
  }

  async contain(epoch: string, known: Map<string, number>, ids: readonly SeenId[]): Promise<boolean> {
    for (let from = 0; from < ids.length; from += IDS_A_CALL) {
      if (!(await this.containSome(epoch, [], ids.slice(from, from + IDS_A_CALL)))) return false
    }
    return this.containSome(epoch, [...known], [])
  }

  async seenIds(after: number): Promise<SeenId[]> {
    const { first } = await this.hello()
    return readSeenIds(this.connection, this.keys, (rev) => rev > after || rev <= first)
  }

  async ping(): Promise<number> {
    const start = systemClock.ticks()
    await this.ask('PING')
    return systemClock.ticks() - start
  }

  async publish(text: string): Promise<void> {
    await this.ask('PUBLISH', this.keys.updates, text)
  }

  async listen(on: StoreListener): Promise<() => Promise<void>> {
    return listenOn(await this.connection.another(), this.keys, on)
  }

  close(): Promise<void> {
    return this.connection.close()
  }

  private async containSome(epoch: string, known: [string, number][], ids: readonly SeenId[]): Promise<boolean> {
    const idArguments = ids.flatMap(seenArguments)
    const args = [epoch, this.connection.run, String(ids.length), ...idArguments, ...known.flat().map(String)]
    return (await this.run<number>('contain', this.keys.marks, args)) === 1
  }

  /** Records that are hashes under our prefix, whoever made them. */
  private async hashes(): Promise<Target[]> {
    const found: Target[] = []
    const pattern = this.keys.recordPattern
    let cursor = '0'
    do {
      const [next, page] = await this.ask<[string, string[]]>('SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000', 'TYPE', 'hash')
      found.push(...page.flatMap((key) => this.keys.targetOf(key) ?? []))
      cursor = next
    } while (cursor !== '0')
    return found
  }

  private run<Reply>(name: ScriptName, keys: string[], args: string[]): Promise<Reply> {
    return this.connection.evaluate<Reply>(scriptNamed[name], argumentsOf(name, keys, args))
  }

  private ask<Reply>(command: string, ...args: string[]): Promise<Reply> {
    return this.connection.call((client) => client.call(command, ...args) as Promise<Reply>)
  }
}

function parseLineage(reply: string[], run: string): Lineage {
  const [complete, epoch = '', owner = '', first, contains = '', rev, seconds, microseconds] = reply
  const words = contains.split(' ').filter((word) => word !== '')
  const known = new Map<string, number>()
  for (let i = 0; i + 1 < words.length; i += 2) known.set(words[i]!, Number(words[i + 1]))
  return {
    epoch: complete === '1' && epoch !== '' ? epoch : null,
    run,
    owner: complete === '1' && owner !== '' ? owner : null,
    rev: Number(rev),
    first: Number(first),
    contains: known,
    time: Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000),
  }
}

function parseVerdict([is, number, prev]: string[], { draft, epoch }: Proposal): Verdict {
  const rev = Number(number)
  switch (is) {
    case 'OK':
      return { is: 'committed', change: numbered(draft, rev, Number(prev), epoch) }
    case 'EPOCH':
      return { is: 'epoch' }
    case 'DUP':
      return { is: 'duplicate', rev }
    case 'OTHER':
      return { is: 'other-payload', rev }
    case 'EVICTED':
      return { is: 'evicted' }
    case 'FENCE':
      return { is: 'fence', fence: rev }
    case 'CONFLICT':
      return { is: 'conflict', rev }
    case 'STALE':
      return { is: 'stale' }
    default:
      throw new MemoryError('internal', `the commit script answered ${String(is)}`)
  }
}
