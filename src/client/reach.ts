/** What is behind a socket, and whether it is a hub that can be used. */
import type net from 'node:net'
import { callHub } from './call.js'
import { startPatience } from '../platform/patience.js'
import { HubConnection } from './connection.js'
import { type ClientHello, type HubInfo, hubInfoOf, PROTOCOL } from './protocol.js'

export interface ConnectOptions {
  /** For connecting and the first answer together; then for each call, until the hub has to show that it lives. */
  budgetMs: number
  /** Of the product: a hub of another version tells its log. */
  version?: string
  /** Refuses a hub that serves another root than this place (`placeOf`). */
  place?: string
  /** How long a `watch` waits for a hub that was restarted. */
  reconnectMs?: number
}

export type Reached =
  | { is: 'usable'; connection: HubConnection; hub: HubInfo }
  | { is: 'absent' } // no socket, or nobody behind it
  | { is: 'silent' } // somebody is behind the socket, and does not answer within the budget
  | { is: 'other-protocol'; connection: HubConnection; hub: HubInfo }
  | { is: 'other-root'; hub: HubInfo }

/** Never rejects, never takes longer than the budget. The caller owns the connection that it is handed. */
export async function reachHub(socketPath: string, options: Omit<ConnectOptions, 'reconnectMs'>): Promise<Reached> {
  const startedAt = performance.now()
  const socket = await connectSocket(socketPath, options.budgetMs)
  if (typeof socket === 'string') return { is: socket }
  const connection = new HubConnection(socket)
  const left = Math.max(1, options.budgetMs - (performance.now() - startedAt))
  const hub = await askWho(connection, options, left)
  if (hub === null) return { is: 'silent' }
  if (options.place !== undefined && hub.place !== options.place) {
    connection.close()
    return { is: 'other-root', hub }
  }
  return { is: hub.protocol === PROTOCOL ? 'usable' : 'other-protocol', connection, hub }
}

async function askWho(connection: HubConnection, options: { version?: string }, budgetMs: number): Promise<HubInfo | null> {
  const hello: ClientHello = { protocol: PROTOCOL, ...(options.version !== undefined && { version: options.version }) }
  try {
    const hub = hubInfoOf(await callHub(connection, 'hello', hello, { budgetMs, answerMs: budgetMs }))
    if (hub !== null) return hub
  } catch {
    // closed, silent or refused: whatever is there, it is no hub that answers
  }
  connection.close()
  return null
}

function connectSocket(path: string, budgetMs: number): Promise<net.Socket | 'absent' | 'silent'> {
  return new Promise((resolve) => {
    const socket = process.getBuiltinModule('node:net').connect({ path }) // loaded by those who look for a hub, and by no others
    const settle = (outcome: net.Socket | 'absent' | 'silent'): void => {
      end()
      if (outcome !== socket) socket.destroy()
      resolve(outcome)
    }
    const end = startPatience(budgetMs, () => {
      settle('silent')
    })
    socket.once('connect', () => {
      settle(socket)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      settle(error.code === 'EAGAIN' ? 'silent' : 'absent') // EAGAIN: the queue of a hub that accepts nobody is full
    })
  })
}
