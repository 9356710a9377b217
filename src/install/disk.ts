/** What is at a path, and putting something there. Nothing but the installer's effects changes a disk. */
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { sha256 } from '../platform/digests.js'
import { makeFolder } from '../platform/make-folder.js'
import { named, openFile, WRITE_NEW } from '../platform/open-file.js'
import { giveToOwner, type Owner } from '../platform/owner.js'
import { readTree, type TreeFile } from './tree.js'

export type Shape =
  | { is: 'absent' }
  | ({ is: 'file'; sha256: string; mode: number; mtimeMs: number } & Owner)
  | ({ is: 'link'; target: string; mtimeMs: number } & Owner)
  | { is: 'folder'; mode: number }
  /** The copied program: a folder that is all ours. */
  | { is: 'tree'; sha256: string }
  | { is: 'other' } // a socket, a device

/** Links are looked at, not followed. */
export function look(path: string): Shape {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { is: 'absent' }
  const { uid, gid, mtimeMs } = stat
  if (stat.isSymbolicLink()) return { is: 'link', target: fs.readlinkSync(path), mtimeMs, uid, gid }
  if (stat.isDirectory()) return { is: 'folder', mode: stat.mode & 0o7777 }
  if (!stat.isFile()) return { is: 'other' }
  return { is: 'file', sha256: sha256(fs.readFileSync(path)), mode: stat.mode & 0o7777, mtimeMs, uid, gid }
}

/** `look` for a folder that is all ours: with everything in it. */
export function lookAtTree(path: string): Shape {
  const shape = look(path)
  return shape.is === 'folder' ? { is: 'tree', sha256: digestOfTree(readTree(path)) } : shape
}

export function digestOfTree(files: readonly TreeFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  return sha256(sorted.map(({ path, mode, bytes }) => `${path}\0${isProgram(mode)}\0${sha256(bytes)}\0`).join(''))
}

const isProgram = (mode: number): boolean => (mode & 0o111) !== 0

/** Same content, mode and kind; times and owners may differ. */
export function sameShape(a: Shape, b: Shape): boolean {
  switch (a.is) {
    case 'file':
      return b.is === 'file' && a.sha256 === b.sha256 && a.mode === b.mode
    case 'link':
      return b.is === 'link' && a.target === b.target
    case 'tree':
      return b.is === 'tree' && a.sha256 === b.sha256
    case 'folder': // its mode is its owner's affair
    case 'absent':
    case 'other':
      return a.is === b.is
  }
}

/** Where something is made ready before it takes its place: one name for each path, so that what a kill left there is found. */
export const preparationOf = (path: string): string => join(dirname(path), `.${basename(path)}.memory_sync-new`)

/** Complete or not at all; a link at `path` is replaced, not followed. */
export function putFile(path: string, bytes: string | Buffer, mode: number, owner?: Owner): void {
  const ready = preparationOf(path)
  fs.rmSync(ready, { force: true })
  try {
    const fd = openFile(ready, WRITE_NEW, 0o600)
    try {
      fs.writeFileSync(fd, bytes)
      if (owner !== undefined && process.getuid?.() === 0) fs.fchownSync(fd, owner.uid, owner.gid)
      fs.fchmodSync(fd, mode) // after chown(2), which takes the bits of set-user-ID and set-group-ID away
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
    fs.renameSync(ready, path)
  } catch (error) {
    fs.rmSync(ready, { force: true })
    throw named(error, path)
  }
  syncFolder(dirname(path))
}

export function putLink(path: string, target: string): void {
  const ready = preparationOf(path)
  fs.rmSync(ready, { force: true })
  fs.symlinkSync(target, ready)
  fs.renameSync(ready, path)
  syncFolder(dirname(path))
}

/** Replaces a folder that is all ours. */
export function putTree(path: string, files: readonly TreeFile[]): void {
  const ready = preparationOf(path)
  fs.rmSync(ready, { recursive: true, force: true })
  try {
    for (const file of files) {
      const to = join(ready, file.path)
      makeFolder(dirname(to), 0o755)
      fs.writeFileSync(to, file.bytes, { flush: true })
      fs.chmodSync(to, isProgram(file.mode) ? 0o755 : 0o644)
      giveToOwner(to)
    }
  } catch (error) {
    fs.rmSync(ready, { recursive: true, force: true })
    throw named(error, path)
  }
  const old = `${ready}-old`
  fs.rmSync(old, { recursive: true, force: true })
  if (fs.existsSync(path)) fs.renameSync(path, old)
  fs.renameSync(ready, path)
  fs.rmSync(old, { recursive: true, force: true })
  syncFolder(dirname(path))
}

/** What a kill may have left beside the path. */
export function sweepPreparations(path: string): void {
  for (const left of [preparationOf(path), `${preparationOf(path)}-old`]) fs.rmSync(left, { recursive: true, force: true })
}

export function syncFolder(path: string): void {
  const fd = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
