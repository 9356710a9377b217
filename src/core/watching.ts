/** Following the context where no hub runs: what wakes a watcher of this process. */
import { StoreUnavailable } from '../errors/errors.js'
import type { WakingStore } from '../store/contract.js'
import type { Feed } from './feed.js'
import type { Notice, WatchRequest } from './memory.js'
import type { Ports } from './ports.js'
import type { SingleRounds } from './rounds.js'
import { SingleFeed } from './single-feed.js'
import { watchFeed } from './watch.js'

export type WatchedFile = 'context.json' | 'journal' | 'history'
/** Calls back when one of these may have changed, until the returned function is called. */
export type WatchFiles = (what: readonly WatchedFile[], changed: () => void) => () => void

/** A watcher without a hub looks at least this often: for a Redis that does not tell, and a file system that does not either. */
const LOOK_MS = 1_000

export async function* watchAlone(
  ports: Ports,
  rounds: SingleRounds,
  watchFiles: WatchFiles,
  request: WatchRequest,
): AsyncGenerator<Notice, void, undefined> {
  await ports.root.prepare()
  const single = new SingleFeed(ports, rounds)
  await single.begin()
  const look = (): void => {
    single.look().catch((error: unknown) => {
      ports.tell('error', String(error))
    })
  }
  const stopWatching = watchFiles(['context.json', 'journal', 'history'], look)
  const timer = setInterval(look, LOOK_MS)
  const stopListening = await listen(ports, look, single.feed)
  try {
    yield* watchFeed(single.feed, request)
  } finally {
    clearInterval(timer)
    stopWatching()
    await stopListening()
  }
}

async function listen(ports: Ports, look: () => void, feed: Feed): Promise<() => Promise<void>> {
  const store = await ports.connector.connect()
  if (store === null || !('listen' in store)) return () => Promise.resolve()
  try {
    return await (store as WakingStore).listen({
      changed: look,
      touched: look,
      lost: look,
      published: (text) => {
        feed.takeMessage(text)
      },
    })
  } catch (error) {
    if (error instanceof StoreUnavailable) return () => Promise.resolve()
    throw error
  }
}
