/**
 * What root makes in the folder of another user belongs to that user: after a single `sudo` he could not use his own root any more. For
 * everybody else nothing is looked at.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'

export interface Owner {
  uid: number
  gid: number
}

const ROOT = 0
const isRoot = process.geteuid?.() === ROOT

/** To whom what this process makes in the folder has to be given; null: to nobody. Looked at each time: a link may have come in its place. */
export function ownerIn(folder: string): Owner | null {
  if (!isRoot) return null
  try {
    const { uid, gid } = fs.statSync(folder)
    return uid === ROOT ? null : { uid, gid }
  } catch {
    return null // it may be made yet; and what else is wrong with it shows when something is made there
  }
}

/** As open(2), with O_CREAT. What is there already stays whose it is: it may be a link to what is nobody's but root's. */
export function openOwned(path: string, flags: number, mode: number): number {
  const owner = ownerIn(dirname(path))
  if (owner === null) return fs.openSync(path, flags, mode)
  const fd = openNew(path, flags, mode)
  if (fd === null) return fs.openSync(path, flags, mode)
  give(() => {
    if (ownerIn(dirname(path))?.uid === owner.uid) fs.fchownSync(fd, owner.uid, owner.gid) // else it was made elsewhere than it was looked at
  })
  return fd
}

function openNew(path: string, flags: number, mode: number): number | null {
  try {
    return fs.openSync(path, flags | fs.constants.O_EXCL, mode)
  } catch (error) {
    if ((flags & fs.constants.O_EXCL) === 0 && (error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
  }
}

/** Of a folder, a file or a socket that this process has just made. Not what somebody has put in its place meanwhile: a link, or another name of a file. */
export function giveToOwner(path: string): void {
  const owner = ownerIn(dirname(path))
  if (owner === null) return
  const { uid, gid } = owner
  give(() => {
    const stat = fs.lstatSync(path)
    if (stat.isSocket() && stat.uid === ROOT && stat.nlink === 1) fs.lchownSync(path, uid, gid) // which nobody can open
    else giveOpened(path, owner)
  })
}

function giveOpened(path: string, { uid, gid }: Owner): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
  try {
    const stat = fs.fstatSync(fd)
    if (stat.uid === ROOT && (stat.isDirectory() || stat.nlink === 1)) fs.fchownSync(fd, uid, gid)
  } finally {
    fs.closeSync(fd)
  }
}

/** Where root may give nothing away (a container, a file system without owners) it stays root's: it is there, and `health` names it. */
function give(action: () => void): void {
  try {
    action()
  } catch {
    // said above
  }
}
