/** A watch that outlives the hub it began with: a connection is one stretch of it, and a cursor leads to the next. */
import type { Notice, WatchRequest } from '../core/memory.js'
import { heldUntil } from '../domain/held.js'
import { type ConnectOptions, reachHub } from './reach.js'
import { HubGone, type HubConnection } from './connection.js'
import { openStream } from './stream.js'

export interface FollowOptions extends ConnectOptions {
  reconnectMs: number
}

const RETRY_MS = 25

/** Ends when the signal aborts. Throws HubGone with `details.cursor` when no hub came back in time. */
export async function* followHub(
  socketPath: string,
  { since, signal }: WatchRequest,
  options: FollowOptions,
): AsyncGenerator<Notice, void, undefined> {
  let cursor = since
  let wasReady = false
  for (let stretch = 0; !signal.aborted; stretch++) {
    if (stretch > 0) await pause(RETRY_MS, signal)
    const connection = await awaitHub(socketPath, options, signal)
    if (signal.aborted) connection?.close()
    if (signal.aborted) return
    if (connection === null) throw new HubGone('there is no hub any more', false, { details: { cursor: cursor ?? null } })
    const letGo = heldUntil(signal, () => {
      connection.close()
    })
    try {
      const stream = openStream(connection, { ...(cursor !== undefined && { since: cursor }), signal }, options.budgetMs)
      for await (const notice of stream) {
        if ('cursor' in notice) cursor = notice.cursor
        if (notice.is === 'ready' && wasReady) continue // it was said before; what came since is told
        wasReady ||= notice.is === 'ready'
        yield notice
      }
      if (stream.isDone) return
    } finally {
      letGo()
    }
  }
}

/** The connection to a hub, as soon as there is one. null: not in time, or the signal aborted. */
async function awaitHub(socketPath: string, options: FollowOptions, signal: AbortSignal): Promise<HubConnection | null> {
  const deadline = performance.now() + options.reconnectMs
  for (;;) {
    const reached = await reachHub(socketPath, options)
    if (reached.is === 'usable') return reached.connection
    if (reached.is === 'other-protocol') {
      reached.connection.close()
      return null // the hub was replaced by one of another version
    }
    if (signal.aborted || performance.now() >= deadline) return null
    await pause(RETRY_MS, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
