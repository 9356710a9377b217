/**
 * Where the control socket of a root is looked for. Never derived from TMPDIR or XDG_RUNTIME_DIR: launchd, systemd and cron disagree
 * on them, and a client would look where no hub is.
 */
import { accessSync, constants, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A socket's path may have 107 bytes on Linux and 103 on macOS (unix(4), sun_path); some are left for a temporary name. */
export const MAX_PATH_BYTES = 100

export const stateFolderOf = (root: string): string => join(root, 'shared_memory', '.memory_sync')

/** Where hooks leave what they could not deliver. */
export const spoolFolderOf = (root: string): string => join(stateFolderOf(root), 'spool')

/** The file that names the real path where the usual one is too long. */
export const pointerFileOf = (root: string): string => join(stateFolderOf(root), 'socket')

export const usualSocketPath = (root: string): string => join(stateFolderOf(root), 'hub.sock')

/** Left by the client in the shell, which cannot connect with a limit: a hub did not answer it. */
export const silenceMarkOf = (root: string): string => join(stateFolderOf(root), 'hub.silent')

export const fitsSocket = (path: string): boolean => Buffer.byteLength(path) <= MAX_PATH_BYTES

/**
 * Where to look for the hub, likeliest first; found out one by one, as the first nearly always is the one. The others are
 * for a root that is known under a long and under a short name: a hub started under one is found under the other.
 */
export function* socketCandidates(root: string): Generator<string, void, undefined> {
  const usual = usualSocketPath(root)
  if (fitsSocket(usual)) yield usual
  const named = orNull(() => readFileSync(pointerFileOf(root), 'utf8').trim())
  if (named !== null && fitsSocket(named) && isPrivate(dirname(named))) yield named
  const real = orNull(() => realpathSync(stateFolderOf(root)))
  if (real === null) return
  const other = join(real, 'hub.sock')
  if (other !== usual && fitsSocket(other)) yield other
}

/** Why this user cannot know whether a hub runs: another one's folder or socket. null: it can. */
export function whyUnseen(root: string): string | null {
  const named = orNull(() => readFileSync(pointerFileOf(root), 'utf8').trim())
  const owner = named === null ? null : orNull(() => lstatSync(dirname(named)).uid)
  if (owner !== null && owner !== process.getuid?.()) return `${dirname(named!)} is another user's`
  try {
    accessSync(usualSocketPath(root), constants.W_OK)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? (error as Error).message : null
  }
}

/** Only its owner, who is this user, can put a socket there: in /tmp anybody could have made a folder of that name. */
export function isPrivate(folder: string): boolean {
  const stat = orNull(() => lstatSync(folder))
  return stat !== null && stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0
}

/** Device and inode of the state folder: the root itself, under whatever name. null: there is none. */
export function placeOf(root: string): string | null {
  const stat = orNull(() => statSync(stateFolderOf(root), { bigint: true }))
  return stat === null ? null : `${stat.dev}:${stat.ino}`
}

/** What is not there, or not for us to see, names no socket. */
function orNull<T>(look: () => T): T | null {
  try {
    return look()
  } catch {
    return null
  }
}
