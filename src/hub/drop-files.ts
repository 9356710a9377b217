/** Files in the inbox: looked at only when they are at rest, and moved only to where no other file is overwritten. */
import { constants } from 'node:fs'
import { lstat, open, readdir, rename, utimes, writeFile } from 'node:fs/promises'
import { basename, join, parse } from 'node:path'
import { isDropName } from '../domain/name.js'
import { sha256 } from '../platform/digests.js'
import { type Entry, entryOf } from '../platform/entries.js'
import { makeFolder } from '../platform/make-folder.js'
import { refuseOthers } from '../platform/open-file.js'
import { giveToOwner } from '../platform/owner.js'

/** More than any context may have; it is not even read. */
export const MAX_DROP_BYTES = 16 * 1024 * 1024

export interface DropFile {
  name: string
  /** Changes with whatever is written to it. */
  state: string
  size: number
  /** By the file's own time; a file from the future counts as new. */
  ageMs: number
}

export interface DropContent {
  /** null: the bytes are no UTF-8. */
  text: string | null
  /** SHA-256 of the bytes, as hex digits. */
  digest: string
}

/** What is meant as a drop, whether it can be one or not. */
export async function entriesIn(folder: string, isMeant = isDropName): Promise<Entry[]> {
  const found = await readdir(folder, { encoding: 'buffer', withFileTypes: true })
  return found.map(entryOf).filter(({ name }) => isMeant(name))
}

/** `names`: of files. One that is gone by now, or is no file any more, is left out. */
export async function lookAtDrops(inbox: string, names: readonly string[], now: number): Promise<DropFile[]> {
  const files = await Promise.all(names.map((name) => look(inbox, name, now)))
  return files.filter((file) => file !== null)
}

async function look(inbox: string, name: string, now: number): Promise<DropFile | null> {
  const stat = await unlessMissing(() => lstat(join(inbox, name), { bigint: true }))
  if (stat === null || !stat.isFile()) return null
  const { ino, size, mtimeNs } = stat
  return { name, state: `${ino}:${size}:${mtimeNs}`, size: Number(size), ageMs: Math.max(0, now - Number(mtimeNs / 1_000_000n)) }
}

/** null: it is not there any more. */
export async function readDrop(path: string): Promise<DropContent | null> {
  const bytes = await readWhole(path)
  if (bytes === null) return null
  return { text: decode(bytes), digest: sha256(bytes) }
}

/** null: it is not there any more. Throws for what is no file: not through a link, and not waiting for a pipe that took a file's place. */
export async function readWhole(path: string): Promise<Buffer | null> {
  return unlessMissing(async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      refuseOthers(path, await file.stat())
      return await file.readFile()
    } finally {
      await file.close()
    }
  })
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Moves a file, under its own name or, where that is taken, one with a number. Returns where; null: it is gone. */
export async function moveDrop(inbox: string, name: string, folder: string, now: number): Promise<string | null> {
  makeFolder(folder)
  const target = await freeName(folder, name)
  const moved = await unlessMissing(async () => {
    await rename(join(inbox, name), target)
    return target
  })
  // It is kept for as long after it was handled, however old it was then.
  if (moved !== null) await unlessMissing(() => utimes(target, now / 1000, now / 1000))
  return moved
}

/**
 * Moves a file that cannot be taken, and leaves beside it, as `<name>.reason`, why. Returns its new name; null: it is gone. The
 * reason comes second: one that a crash kept from being written stands in the log only.
 */
export async function rejectFile(inbox: string, name: string, folder: string, now: number, reason: string): Promise<string | null> {
  const moved = await moveDrop(inbox, name, folder, now)
  if (moved === null) return null
  await writeFile(`${moved}.reason`, `${reason}\n`)
  giveToOwner(`${moved}.reason`)
  return basename(moved)
}

/** A file system takes 255 bytes: some are left for a number, and for `.reason`. */
const MOST_NAME_BYTES = 240
const KEPT_END = 20 // characters

/** Nobody else puts files here, so a name that is free stays free until it is used. A long one is cut in front of its end, where the time is. */
async function freeName(folder: string, name: string): Promise<string> {
  const { name: whole, ext } = parse(name)
  const stem = [...whole]
  while (Buffer.byteLength(stem.join('') + ext) > MOST_NAME_BYTES && stem.length > KEPT_END) stem.splice(-KEPT_END - 1, 1)
  for (let n = 1; ; n++) {
    const path = join(folder, `${stem.join('')}${n === 1 ? '' : `.${n}`}${ext}`)
    if ((await unlessMissing(() => lstat(path))) === null) return path
  }
}

export async function unlessMissing<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
