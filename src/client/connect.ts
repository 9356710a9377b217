/** Finding the hub of a root. Everything but a hub that answers, and fits, is passed by. */
import { HubClient } from './hub-client.js'
import { type ConnectOptions, type Reached, reachHub } from './reach.js'
import { placeOf, socketCandidates } from './socket-path.js'

/** null: there is no hub that can be used, for whatever reason. Never rejects, never takes longer than the budget. */
export async function connectHub(socketPath: string, options: ConnectOptions): Promise<HubClient | null> {
  return clientOf(socketPath, await reachHub(socketPath, options), options)
}

/** The hub of a root, wherever its socket is. Never rejects; the budget is for the one socket that somebody listens on. */
export async function connectHubOf(root: string, options: Omit<ConnectOptions, 'place'>): Promise<HubClient | null> {
  const reached = await reachHubOf(root, options)
  if (!('path' in reached)) return null
  return clientOf(reached.path, reached, { ...options, place: reached.hub.place })
}

export type ReachedOf = (Extract<Reached, { connection: unknown }> & { path: string }) | { is: 'absent' } | { is: 'silent' }

/** What is behind the socket of a root. A hub of another root, behind a socket that was copied along, is none. */
export async function reachHubOf(root: string, options: Omit<ConnectOptions, 'place'>): Promise<ReachedOf> {
  const place = placeOf(root)
  if (place === null) return { is: 'absent' }
  for (const path of socketCandidates(root)) {
    const reached = await reachHub(path, { ...options, place })
    if (reached.is === 'silent') return reached
    if ('connection' in reached) return { ...reached, path }
  }
  return { is: 'absent' }
}

function clientOf(path: string, reached: Reached, options: ConnectOptions): HubClient | null {
  if (reached.is === 'usable') return new HubClient(path, reached.connection, reached.hub, options)
  if (reached.is === 'other-protocol') reached.connection.close()
  return null
}
