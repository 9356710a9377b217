/** Where a hub puts its socket. Pure. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fitsSocket, usualSocketPath } from '../client/socket-path.js'

/** The private folder for sockets whose usual path is too long; the same for every program of a user. */
export const shortFolderOf = (uid: number): string => `/tmp/memory_sync-${uid}`

/** Short, and another one for every root. `folder` is the state folder's real path. */
export const shortSocketPath = (uid: number, folder: string): string =>
  join(shortFolderOf(uid), `${createHash('sha256').update(folder).digest('hex').slice(0, 32)}.sock`)

/** Where a hub listens: the usual place if that fits. `folder` is the state folder's real path. */
export const socketPathFor = (root: string, uid: number, folder: string): string =>
  fitsSocket(usualSocketPath(root)) ? usualSocketPath(root) : shortSocketPath(uid, folder)
