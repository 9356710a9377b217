/**
 * Files on this machine. Synchronous calls behind promises: a command start does a handful of them, and the thread pool
 * would cost more than the calls. But for what waits for the disk: a hub has others to answer meanwhile.
 */
import fs from 'node:fs'
import { promisify } from 'node:util'
import { dirname } from 'node:path'
import { appendTo, closeKept } from './appending.js'
import { type FileText, type Files, type Identity, sameIdentity } from './files.js'
import { makeFolder } from './make-folder.js'
import { isCode, kindOf, READ, refuseOthers, unlessMissing, whileOpen, withOpen, WRITE, WRITE_NEW } from './open-file.js'

/** Characters; so many take a while to be copied, too. */
const LARGE = 64 * 1024

// Not of node:fs/promises, which takes longer to load than all of them.
const sync = promisify(fs.fsync)
const writeFile = promisify(fs.writeFile)
const unlink = promisify(fs.unlink)

const identityOf = ({ ino, size, mtimeMs, uid, mode }: fs.Stats): Identity => ({ ino, size, mtimeMs, uid, mode })
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer, identity: Identity): FileText {
  try {
    return { text: decoder.decode(bytes), valid: true, identity }
  } catch {
    return { text: bytes.toString('latin1'), valid: false, identity }
  }
}

/**
 * What stands there, behind a link too. Of a link that nobody can follow (a loop, a way through what this user may not
 * enter, a name too long for a file) it is the link itself: that is in the way, and can be moved out of it.
 */
function lookAt(path: string): fs.Stats | null {
  try {
    return unlessMissing(() => fs.statSync(path))
  } catch (error) {
    const stat = isCode(error, ...NOT_FOLLOWED) ? unlessMissing(() => fs.lstatSync(path)) : null
    if (stat?.isSymbolicLink() !== true) throw error
    return stat
  }
}

const NOT_FOLLOWED = ['ELOOP', 'EACCES', 'ENAMETOOLONG']

function readWhole(path: string): FileText | null {
  const stat = lookAt(path)
  if (stat === null) return null
  const unreadable = (reason: string): FileText => ({ text: '', valid: false, identity: identityOf(stat), unreadable: reason })
  if (!stat.isFile()) return unreadable(`it is ${kindOf(stat)}`)
  try {
    return unlessMissing(() => withOpen(path, READ, 0, (fd) => decode(fs.readFileSync(fd), identityOf(fs.fstatSync(fd)))))
  } catch (error) {
    if (isCode(error, 'EACCES', 'EPERM')) return unreadable('this user may not open it')
    throw error
  }
}

function writeBytes(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at)
}

function writeDurably(path: string, text: string, mode: number | undefined): Promise<void> {
  return whileOpen(path, WRITE, 0o600, async (fd) => {
    if (mode !== undefined) fs.fchmodSync(fd, mode)
    if (text.length > LARGE) await writeFile(fd, text)
    else writeBytes(fd, Buffer.from(text))
    await sync(fd)
  })
}

function readLines(path: string, from: number): { lines: string[]; end: number; ino: number } | null {
  return unlessMissing(() =>
    withOpen(path, READ, 0, (fd) => {
      const stat = fs.fstatSync(fd)
      refuseOthers(path, stat)
      const bytes = Buffer.alloc(Math.max(0, stat.size - from))
      const read = fs.readSync(fd, bytes, 0, bytes.length, from)
      const last = bytes.lastIndexOf(10, read - 1)
      const complete = read === 0 || last < 0 ? 0 : last + 1
      const lines = bytes.toString('utf8', 0, complete).split('\n')
      return { lines: lines.filter((line) => line !== ''), end: from + complete, ino: stat.ino }
    }),
  )
}

const FIRST_BYTES = 64 * 1024

function firstLine(path: string): string | null {
  return unlessMissing(() =>
    withOpen(path, READ, 0, (fd) => {
      refuseOthers(path, fs.fstatSync(fd))
      for (let bytes = Buffer.alloc(FIRST_BYTES); ; bytes = Buffer.alloc(2 * bytes.length)) {
        const read = fs.readSync(fd, bytes, 0, bytes.length, 0)
        const end = bytes.subarray(0, read).indexOf(10)
        if (end >= 0) return bytes.toString('utf8', 0, end)
        if (read < bytes.length) return null
      }
    }),
  )
}

/** The operation is done when its promise is made; failures reject. */
const promised =
  <A extends unknown[], T>(action: (...args: A) => T) =>
  async (...args: A): Promise<T> =>
    action(...args)

export const nodeFiles: Files = {
  read: promised(readWhole),
  readLines: promised(readLines),
  firstLine: promised(firstLine),
  identify: promised((path) => {
    const stat = lookAt(path)
    return stat === null ? null : identityOf(stat)
  }),
  append: promised(appendTo),
  write: async (path, text, options = {}) => {
    if (options.durable === true) return writeDurably(path, text, options.mode)
    withOpen(path, WRITE, 0o600, (fd) => {
      if (options.mode !== undefined) fs.fchmodSync(fd, options.mode)
      writeBytes(fd, Buffer.from(text))
    })
  },
  link: promised((from, to) => {
    try {
      fs.linkSync(from, to)
      return 'linked'
    } catch (error) {
      if (isCode(error, 'EEXIST')) return 'exists'
      if (isCode(error, 'ENOENT')) return 'missing'
      throw error
    }
  }),
  rename: promised((from, to) => {
    closeKept(from)
    const done = unlessMissing(() => {
      fs.renameSync(from, to)
      return true
    })
    return done === true
  }),
  renameOver: promised((from, to, expected) => {
    const present = lookAt(to)
    // A device or a folder is never replaced, whoever put it, or a link to it, there since it was looked at.
    if (present !== null && !present.isFile()) return false
    if (!sameIdentity(present === null ? null : identityOf(present), expected)) return false
    fs.renameSync(from, to)
    return true
  }),
  remove: async (path) => {
    await unlink(path).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT', 'ENOTDIR')) throw error
    })
  },
  touch: promised((path) => {
    const now = new Date()
    unlessMissing(() => {
      fs.utimesSync(path, now, now)
    })
  }),
  list: promised((directory) => unlessMissing(() => fs.readdirSync(directory)) ?? []),
  makeDirectory: promised((path, mode = 0o755) => {
    if (fs.existsSync(path)) return
    makeFolder(dirname(path))
    makeFolder(path, mode)
  }),
  syncDirectory: async (path) => {
    await whileOpen(path, READ, 0, (fd) => sync(fd))
  },
  copy: promised((from, to) => {
    // What took the file's place since it was looked at may be a device that never ends.
    const bytes = withOpen(from, READ, 0, (fd) => (refuseOthers(from, fs.fstatSync(fd)), fs.readFileSync(fd)))
    withOpen(to, WRITE_NEW, 0o600, (fd) => {
      writeBytes(fd, bytes)
    })
  }),
  resolve: promised((path) => {
    try {
      return unlessMissing(() => fs.realpathSync(path)) ?? resolveMissing(path)
    } catch (error) {
      if (isCode(error, ...NOT_FOLLOWED)) return path
      throw error
    }
  }),
  modeOf: promised((path) => {
    const stat = lookAt(path)
    return stat === null || stat.isSymbolicLink() ? null : stat.mode & 0o7777
  }),
}

/** A dangling link names the file that is to be made; a path with nothing there names itself. */
function resolveMissing(path: string): string {
  const target = unlessMissing(() => {
    try {
      return fs.readlinkSync(path)
    } catch (error) {
      if (isCode(error, 'EINVAL')) return path
      throw error
    }
  })
  if (target === null) return path
  return target.startsWith('/') ? target : `${dirname(path)}/${target}`
}
