/**
 * The control socket's place in the file system. Only the keeper of the root calls this, so whatever socket stands there
 * already is of a hub that died.
 */
import { chmod, lstat, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isPrivate, placeOf, pointerFileOf, silenceMarkOf, usualSocketPath } from '../client/socket-path.js'
import { makeStateFolder } from '../client/state-folder.js'
import { MemoryError } from '../errors/errors.js'
import { makeFolder } from '../platform/make-folder.js'
import { giveToOwner } from '../platform/owner.js'
import { unlessMissing } from './drop-files.js'
import { shortFolderOf, socketPathFor } from './socket-location.js'

export interface SocketPlace {
  /** Where clients find it. */
  path: string
  /** Where it is bound, and moved to `path` from. */
  temporaryPath: string
  /** Of the root, for hello. */
  place: string
}

/** Makes the folders, our own of them 0700, and clears away what an earlier hub left half done. */
export async function prepareSocketPlace(root: string): Promise<SocketPlace> {
  const folder = makeStateFolder(root)
  await chmod(folder, 0o700)
  const uid = process.getuid?.() ?? 0
  const path = socketPathFor(root, uid, await realpath(folder))
  if (path === usualSocketPath(root)) await removeUnfinished(folder)
  else await makePrivate(shortFolderOf(uid))
  const temporaryPath = join(dirname(path), `h.${process.pid}`)
  await rm(temporaryPath, { force: true })
  const place = placeOf(root)
  if (place === null) throw new MemoryError('failed', `${folder} is gone`)
  return { path, temporaryPath, place }
}

/**
 * Moves the bound socket to its place, over the one of a dead hub: at no moment is there none. (Node unlinks the path that
 * it bound when it closes, whoever owns it by then; nothing is there any more.) Returns the inode to know it again by.
 */
export async function publishSocket(root: string, { path, temporaryPath }: SocketPlace): Promise<number> {
  await chmod(temporaryPath, 0o600)
  giveToOwner(temporaryPath)
  const present = await statOrNull(path)
  if (present !== null && !present.isSocket()) {
    throw new MemoryError('failed', `${path} is no socket, and was not made by a hub`, {
      suggestions: ['Move it away, and start the hub again.'],
    })
  }
  await rm(silenceMarkOf(root), { force: true }) // it was about a hub before
  const { ino } = await lstat(temporaryPath)
  await rename(temporaryPath, path)
  if (path === usualSocketPath(root)) await rm(pointerFileOf(root), { force: true })
  else await writePointer(root, path)
  return ino
}

/** Whether clients are led to the socket with this inode. */
export async function isFound(root: string, path: string, ino: number): Promise<boolean> {
  if ((await statOrNull(path))?.ino !== ino) return false
  return path === usualSocketPath(root) || (await readPointer(root)) === path
}

/** Removes the socket if it still is the one with this inode. */
export async function withdrawSocket(root: string, path: string, ino: number): Promise<void> {
  if ((await statOrNull(path))?.ino !== ino) return
  await rm(path, { force: true })
  if (path !== usualSocketPath(root)) await rm(pointerFileOf(root), { force: true })
}

/** A hub that was killed between bind and rename left its socket under a name that holds its pid. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (/^h\.\d+$/.test(name)) await rm(join(folder, name), { force: true })
}

async function makePrivate(folder: string): Promise<void> {
  makeFolder(folder, 0o700)
  if (isPrivate(folder)) return
  throw new MemoryError('failed', `${folder} is not a folder that only this user can enter`, {
    suggestions: [`The root's path is too long for a socket, and ${basename(folder)} is used instead: look who made it.`],
  })
}

async function writePointer(root: string, path: string): Promise<void> {
  const temporaryPath = `${pointerFileOf(root)}.${process.pid}`
  await writeFile(temporaryPath, `${path}\n`, { mode: 0o600 })
  giveToOwner(temporaryPath)
  await rename(temporaryPath, pointerFileOf(root))
}

const readPointer = async (root: string): Promise<string | null> => (await unlessMissing(() => readFile(pointerFileOf(root), 'utf8')))?.trim() ?? null

const statOrNull = (path: string): Promise<Stats | null> => unlessMissing(() => lstat(path))
