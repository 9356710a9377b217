/** Where the private Redis listens: a socket in its folder, or a port on loopback where the path of that would be too long. */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { ManagedRedis } from '../config/redis.js'
import { readUrl } from '../config/redis-url.js'
import { MemoryError } from '../errors/errors.js'
import { freePortOf, isPortFree } from '../platform/free-port.js'
import { LastingRedis } from '../platform/lasting-redis.js'

/** A socket's path may have 103 bytes on macOS; beyond that the server listens on loopback. */
const MAX_SOCKET_BYTES = 100
/** Below those that the system gives to connections (32768 and up on Linux, 49152 on macOS). */
const FIRST_PORT = 20_000
const LAST_PORT = 29_999
const TRIES = 100

/** Throws MemoryError `failed` when no port is free. */
export async function newAddress(folder: string): Promise<string> {
  const socket = join(folder, 'redis.sock')
  if (Buffer.byteLength(socket) <= MAX_SOCKET_BYTES) return `unix://${socket.split('/').map(encodeURIComponent).join('/')}`
  const port = await freePortOf(somePorts())
  if (port !== null) return `redis://127.0.0.1:${port}`
  throw new MemoryError('failed', `no port from ${FIRST_PORT} to ${LAST_PORT} is free for the private Redis`, {
    suggestions: [`name a shorter path in XDG_DATA_HOME: a socket is used where its path has at most ${MAX_SOCKET_BYTES} bytes`],
  })
}

/** False: somebody else listens there by now. */
export async function isStillOurs(url: string, password: string, { folder, program }: ManagedRedis): Promise<boolean> {
  const endpoint = readUrl(url, 'config')
  if ('socket' in endpoint) return true
  return (await new LastingRedis({ folder, program, where: endpoint, password }, {}).isRunning()) || isPortFree(endpoint.port)
}

function* somePorts(): Generator<number> {
  for (let tried = 0; tried < TRIES; tried++) yield randomInt(FIRST_PORT, LAST_PORT + 1)
}
