import type {
  Comparison,
  Memory,
  Notice,
  Snapshot,
  Status,
  TaskSnapshot,
  WatchRequest,
  WriteOutcome,
  WriteRequest,
} from '../../src/core/memory.js'
import { composeDocument, composeRecord, composeTasks, formatDocument } from '../../src/domain/document.js'
import { formatLine, type TreeMap } from '../../src/domain/json.js'
import type { Change, Operation } from '../../src/domain/operation.js'
import { advance, emptyReplica } from '../../src/domain/replica.js'
import { resolve } from '../../src/domain/resolve.js'
import { formatTime } from '../../src/domain/time.js'
import { noLeases } from './no-leases.js'

/** One sequencer in memory: enough to see what use cases ask for and how they take the answers. Nothing is kept. */
export class FakeMemory implements Memory {
  readonly leases = noLeases
  /** What was asked for, in order, refused or not. */
  readonly requests: WriteRequest[] = []
  readonly changes: Change[] = []
  readonly published: TreeMap[] = []
  /** Told by `watch` before it ends. */
  notices: Notice[] = []
  /** What the next write answers instead of writing. */
  nextOutcome: WriteOutcome | undefined
  /** What every write throws instead of answering. */
  failure: Error | undefined
  redis: Status['redis'] = 'off'
  closed = false
  /** Of the clock that decides, ms. */
  now = Date.UTC(2025, 10, 12, 1, 26, 25, 120)
  private readonly replica = { ...emptyReplica(), epoch: 'f1' }
  private readonly keys = new Map<string, string>()

  async write(request: WriteRequest): Promise<WriteOutcome> {
    this.requests.push(request)
    if (this.failure !== undefined) throw this.failure
    const forced = this.nextOutcome
    this.nextOutcome = undefined
    if (forced !== undefined) return forced
    return this.refusal(request) ?? this.commit(request)
  }

  private refusal({ target, kind, edits, ifRev, idempotencyKey, payload }: WriteRequest): WriteOutcome | undefined {
    const entry = this.replica.entries.get(target)
    const used = idempotencyKey === undefined ? undefined : this.keys.get(idempotencyKey)
    if (used !== undefined && used !== (payload ?? JSON.stringify(edits))) return { ok: false, reason: 'other-payload' }
    if (used !== undefined) return { ok: true, rev: this.replica.rev, durability: 'file', pending: 0, replayed: true }
    if (kind === 'delete' && entry?.live !== true) return { ok: false, reason: 'absent' }
    if (ifRev !== undefined && ifRev !== (entry?.rev ?? 0)) {
      return {
        ok: false,
        reason: 'conflict',
        rev: entry?.rev ?? 0,
        current: entry?.live === true ? composeRecord(entry) : null,
      }
    }
    return undefined
  }

  private commit(request: WriteRequest): WriteOutcome {
    const rev = this.replica.rev + 1
    const operation: Operation = {
      ...{ id: String(rev), t: 1_763_000_000_000 + rev, base: this.replica.rev, baseEpoch: 'f1', root: 'here' },
      ...{ target: request.target, kind: request.kind, edits: request.edits, by: request.by },
    }
    const { draft, notNumbers } = resolve(operation, this.replica.entries.get(request.target), {
      t: operation.t,
      against: 'order',
    })
    if (notNumbers.length > 0) return { ok: false, reason: 'not-a-number', paths: notNumbers }
    const change: Change = { ...draft, rev, prev: rev - 1, epoch: 'f1' }
    advance(this.replica, change)
    this.changes.push(change)
    if (request.idempotencyKey !== undefined)
      this.keys.set(request.idempotencyKey, request.payload ?? JSON.stringify(request.edits))
    return { ok: true, rev, durability: 'file', pending: 0 }
  }

  async read(): Promise<Snapshot | null> {
    if (this.replica.rev === 0) return null
    const lastUpdate = formatTime(this.replica.t, 0)
    const context = composeDocument(this.replica.entries, { rev: this.replica.rev, lastUpdate, order: [] })
    return { rev: this.replica.rev, source: 'file', durability: 'file', pending: 0, context }
  }

  async readText(): Promise<string | null> {
    const snapshot = await this.read()
    return snapshot === null ? null : formatDocument(snapshot.context)
  }

  async readTasks(): Promise<TaskSnapshot> {
    const position = { rev: this.replica.rev, source: 'file', durability: 'file', pending: 0 } as const
    return { ...position, now: this.now, ...composeTasks(this.replica.entries) }
  }

  /** The context as one line. */
  async text(): Promise<string> {
    const snapshot = await this.read()
    return snapshot === null ? '' : formatLine(snapshot.context)
  }

  async *watch({ signal }: WatchRequest): AsyncGenerator<Notice> {
    for (const notice of this.notices) if (!signal.aborted) yield notice
  }

  async history(since: number): Promise<Change[]> {
    return this.changes.filter(({ rev }) => rev > since)
  }

  async status(): Promise<Status> {
    return {
      ...{ root: '/root', redis: this.redis, redisUrl: null,
      namespace: 'memory', redisReason: null, redisLatencyMs: null },
      hub: { running: false, pid: null, version: null, startedAt: null },
      ...{ rev: this.replica.rev, epoch: 'f1', pending: 0, fileIsCurrent: true, agents: this.replica.entries.size },
    }
  }

  async sync(): Promise<Comparison> {
    return { rev: this.replica.rev, agents: this.replica.entries.size, items: 0, equal: true }
  }

  async publish(event: TreeMap): Promise<boolean> {
    this.published.push(event)
    return true
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

/** The world of a use case at a fixed moment: 2025-11-12T08:26:25.120+07:00. */
export function fakeSurroundings(memory = new FakeMemory()): {
  memory: FakeMemory
  clock: { now: () => number; offsetMinutes: () => number }
  random: () => string
  by: string
} {
  let drawn = 0
  return {
    memory,
    clock: { now: () => Date.UTC(2025, 10, 12, 1, 26, 25, 120), offsetMinutes: () => 420 },
    random: () => String(++drawn).padStart(32, '0'),
    by: 'tester',
  }
}

export const NOW = '2025-11-12T08:26:25.120+07:00'
