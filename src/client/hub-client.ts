/** The Memory of a running hub, over its control socket. */
import type { Comparison, Memory, Notice, Snapshot, Status, TaskSnapshot, WatchRequest, WriteOutcome, WriteRequest } from '../core/memory.js'
import type { OperationIds } from '../core/engine-types.js'
import type { Leasing } from '../core/leasing.js'
import { formatPretty, type TreeMap } from '../domain/json.js'
import type { Change } from '../domain/operation.js'
import { callHub, type Patience } from './call.js'
import type { ConnectOptions } from './reach.js'
import type { HubConnection } from './connection.js'
import type { CallName, HubInfo, LastingCall } from './protocol.js'
import { followHub } from './follow.js'
import { leasesOverSocket } from './hub-leases.js'
import { eventToWire, outcomeFromWire, snapshotFromWire, tasksFromWire, type WireOutcome, type WireSnapshot, type WireTasks } from './wire.js'

/** A living hub may take so long: its own budgets for Redis (at most 2 s) end before. */
const ANSWER_MS = 5_000
/** These read or write a whole context, or wait for Redis to do so. */
const LONG_ANSWER_MS = 60_000
/** Two whole contexts are compared in one piece, and nobody is answered meanwhile; nobody else could do it while that hub lives. */
const SYNC_BUDGET_MS = 5_000
const RECONNECT_MS = 1_000

/**
 * Every method throws HubGone when the hub does not answer within the budget or its connection breaks, and what the hub
 * answered otherwise. After HubGone with `sent`, only the same id, sent elsewhere, makes sure of a write: see `submit`.
 */
export class HubClient implements Memory {
  readonly leases: Leasing
  private readonly closing = new AbortController()

  constructor(
    private readonly socketPath: string,
    private readonly connection: HubConnection,
    /** Who answered. */
    readonly hub: HubInfo,
    private readonly options: ConnectOptions,
  ) {
    this.leases = leasesOverSocket((args, answerMs, rest = {}) => {
      const patience = { budgetMs: options.budgetMs, answerMs: answerMs + ANSWER_MS, ...rest }
      return callHub(connection, 'lease', args, patience)
    })
  }

  /** For a caller that goes on with the same ids where this one got no answer. */
  async submit(request: WriteRequest, ids: OperationIds): Promise<WriteOutcome> {
    return outcomeFromWire((await this.call('submit', { request, ids })) as WireOutcome)
  }

  /** The hub chooses the id: for a caller that has nowhere else to go. */
  async write(request: WriteRequest): Promise<WriteOutcome> {
    return outcomeFromWire((await this.call('write', { request })) as WireOutcome)
  }

  async read(): Promise<Snapshot | null> {
    const wire = (await this.call('read', {})) as WireSnapshot | null
    return wire === null ? null : snapshotFromWire(wire)
  }

  async readText(): Promise<string | null> {
    const answer = (await this.call('read', { as: 'text' })) as string | WireSnapshot | null
    // A hub that was started before this version was installed answers as it always did.
    return answer === null || typeof answer === 'string' ? answer : `${formatPretty(snapshotFromWire(answer).context)}\n`
  }

  async readTasks(): Promise<TaskSnapshot> {
    return tasksFromWire((await this.call('readTasks', {})) as WireTasks)
  }

  /**
   * Over a connection of its own; reconnects to a restarted hub and goes on after the last cursor. Ends when the signal
   * aborts or the client is closed; throws HubGone with `details.cursor` when there is no hub any more.
   */
  watch(request: WatchRequest): AsyncIterable<Notice> {
    const signal = AbortSignal.any([request.signal, this.closing.signal])
    return followHub(this.socketPath, { ...request, signal }, { reconnectMs: RECONNECT_MS, ...this.options })
  }

  async history(since: number): Promise<Change[]> {
    const changes: Change[] = []
    await this.call('history', { since }, LONG_ANSWER_MS, (change) => changes.push(change as Change))
    return changes
  }

  async status(): Promise<Status> {
    return (await this.call('status', {})) as Status
  }

  async sync(): Promise<Comparison> {
    const patience: Patience = { budgetMs: SYNC_BUDGET_MS, answerMs: LONG_ANSWER_MS }
    return (await callHub(this.connection, 'sync', {}, patience)) as Comparison
  }

  async publish(event: TreeMap): Promise<boolean> {
    return (await this.call('publish', { event: eventToWire(event) })) as boolean
  }

  close(): Promise<void> {
    this.closing.abort()
    this.connection.close()
    return Promise.resolve()
  }

  private call(
    name: CallName | LastingCall,
    args: object,
    answerMs = ANSWER_MS,
    notice?: (value: unknown) => void,
  ): Promise<unknown> {
    const patience: Patience = { budgetMs: this.options.budgetMs, answerMs }
    return callHub(this.connection, name, args, patience, notice)
  }
}
