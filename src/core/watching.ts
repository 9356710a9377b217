/** Following the context where no hub runs: what wakes a watcher of this process. */
import { heldUntil } from '../domain/held.js'
import { Shared } from '../domain/shared.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Lineage } from '../store/contract.js'
import { formatCursor } from './cursor.js'
import type { Notice, WatchRequest } from './memory.js'
import type { Ports } from './ports.js'
import type { SingleRounds } from './rounds.js'
import { SingleFeed } from './single-feed.js'
import { StoreListening } from './store-listening.js'
import { watchFeed } from './watch.js'

export type WatchedFile = 'context.json' | 'journal' | 'history'
/** Calls back when one of these may have changed, until the returned function is called. */
export type WatchFiles = (what: readonly WatchedFile[], changed: () => void) => () => void

/** A watcher without a hub looks at least this often: for a Redis that does not tell, and a file system that does not either. */
const LOOK_MS = 1_000

/**
 * Where "from now on" begins, as a cursor. It is asked for before anything that takes long: what is written while a watch begins is told.
 * undefined: only a round can say, where the root has to be joined with the shared store, or writes wait that somebody may be sending.
 */
export async function presentCursor(ports: Ports, rounds: SingleRounds): Promise<string | undefined> {
  const [lineage, { epoch, rev, pending }] = await Promise.all([presentLineage(ports), presentView(rounds)])
  if (epoch === null) return undefined
  if (lineage === null) return formatCursor({ rev, pending })
  const isOurs = lineage.epoch === epoch && lineage.owner === lineage.run
  return isOurs && pending === 0 ? formatCursor({ rev: lineage.rev, pending }) : undefined
}

async function presentLineage(ports: Ports): Promise<Lineage | null> {
  const store = await ports.connector.connect()
  try {
    return (await store?.hello()) ?? null
  } catch (error) {
    if (error instanceof StoreUnavailable) return null
    throw error
  }
}

async function presentView(rounds: SingleRounds): Promise<{ epoch: string | null; rev: number; pending: number }> {
  const view = await rounds.view()
  return { epoch: view.replica.epoch, rev: view.replica.rev, pending: view.pendingOperations().length }
}

/** `present`: see presentCursor; of a request that says itself where it begins it does not matter. */
export async function* watchAlone(
  ports: Ports,
  rounds: SingleRounds,
  watchFiles: WatchFiles,
  request: WatchRequest,
  present: Promise<string | undefined>,
): AsyncGenerator<Notice, void, undefined> {
  await ports.root.prepare()
  const since = request.since ?? (await present)
  const single = new SingleFeed(ports, rounds)
  await single.begin()
  const look = (): void => {
    looks.ask().catch((error: unknown) => {
      ports.tell('error', String(error))
    })
  }
  const listening = new StoreListening(ports, {
    changed: look,
    touched: look,
    lost: look,
    published: (text, rev) => {
      single.feed.takeMessage(text, rev)
    },
  })
  let isOver = false
  const following = new Shared(async () => {
    if (isOver) return
    const hasBegun = await listening.follow(await ports.connector.connect())
    if (hasBegun) look() // what happened before was not heard
  })
  const looks = new Shared(async () => {
    if (isOver) return
    await single.look()
    await following.ask()
  })
  const stopWatching = watchFiles(['context.json', 'journal', 'history'], look)
  const timer = setInterval(look, LOOK_MS)
  let ended = Promise.resolve()
  const end = heldUntil(request.signal, () => {
    isOver = true
    clearInterval(timer)
    stopWatching()
    ended = looks.idle().then(() => following.idle()).then(() => listening.stop())
  })
  try {
    await following.ask()
    yield* watchFeed(single.feed, { signal: request.signal, ...(since !== undefined && { since }) })
  } finally {
    end()
    await ended
  }
}
