/** What a watcher follows where no hub runs: the history and the journal, which whoever writes keeps up to date. */
import type { Change } from '../domain/operation.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Store } from '../store/contract.js'
import type { History } from '../store/root.js'
import { Feed } from './feed.js'
import { Keeper } from './keeper.js'
import type { Ports } from './ports.js'
import type { SingleRounds } from './rounds.js'
import { changesSince } from './snapshot.js'

export class SingleFeed {
  readonly feed: Feed
  private view: Keeper
  private last = 0

  constructor(
    private readonly ports: Ports,
    private readonly rounds: SingleRounds,
  ) {
    this.view = new Keeper(ports)
    this.feed = new Feed({
      rev: () => this.view.replica.rev,
      now: () => this.view.now(),
      rootId: () => this.view.id(),
      pending: () => this.view.pendingOperations(),
      isOpen: (id) => this.view.open.has(id),
      lastSettled: () => this.view.open.lastSettled,
      document: () => this.view.compose(),
      older: (after) => olderChanges(ports, this.view.history, after, this.view.replica.rev),
    })
  }

  async begin(): Promise<void> {
    this.view = await this.upToDate()
    this.last = this.view.replica.rev
  }

  /** Something happened: has a round done, if nobody else does, and tells what is new. One at a time. */
  async look(): Promise<void> {
    const view = await this.upToDate()
    const { rev } = view.replica
    // The state of this root is gone, and a round brings back what it had, or begins anew.
    if (rev < this.last && view.replica.epoch === null) return this.ports.root.prepare()
    const { changes, complete } = await olderChanges(this.ports, view.history, this.last, rev)
    this.view = view
    this.last = rev
    // A disk that is full took in none of some changes, and the store may have forgotten them: then it is a gap.
    this.feed.take(complete ? { is: 'changes', changes } : { is: 'lost', rev })
  }

  /** The keeper may be a hub that is suspended, and pulls nothing then: what the shared store has committed is told all the same. */
  private async upToDate(): Promise<Keeper> {
    const keeper = await this.rounds.settle()
    const view = await this.rounds.follow(this.view)
    const store = keeper === null && view.mode === 'online' ? await this.ports.connector.connect() : null
    if (store !== null) for (const change of await changesIn(store, view.replica.rev)) await view.take(change)
    return view
  }
}

/** From the local history, else from the shared store's stream. */
export async function olderChanges(
  ports: Pick<Ports, 'connector'>,
  history: Pick<History, 'after'>,
  after: number,
  upTo: number,
): Promise<{ changes: Change[]; complete: boolean }> {
  const local = (await history.after(after)).filter((change) => change.rev <= upTo)
  if (isWhole(local, after, upTo)) return { changes: local, complete: true }
  const store = await ports.connector.connect()
  if (store === null) return { changes: [], complete: false }
  const changes = (await changesIn(store, after)).filter((change) => change.rev <= upTo)
  return isWhole(changes, after, upTo) ? { changes, complete: true } : { changes: [], complete: false }
}

/** A store that does not answer, or does not let us ask, has none: whoever watches gets a snapshot, and goes on; and the history is what is here. */
export async function changesIn(store: Store, after: number): Promise<Change[]> {
  try {
    return await changesSince(store, after)
  } catch (error) {
    if (error instanceof StoreUnavailable) return []
    throw error
  }
}

/** Each change joins on to the one before, from the cursor to what is shown. */
function isWhole(changes: readonly Change[], after: number, upTo: number): boolean {
  let rev = after
  for (const change of changes) {
    if (change.prev > rev) return false
    rev = change.rev
  }
  return changes.length > 0 ? rev >= upTo : after >= upTo
}
