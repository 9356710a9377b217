/** A disk in memory with inodes, links and renames; every call is one step of its process. */
import { dirname } from 'node:path'
import { type Files, type FileText, type Identity, sameIdentity } from '../../src/platform/files.js'
import type { Process } from './scheduler.js'

interface Inode {
  ino: number
  text: string
  mtimeMs: number
  mode: number
  /** The process that made it. */
  maker: Process | null
}

export class Disk {
  readonly names = new Map<string, Inode>()
  private nextIno = 1

  constructor(private readonly now: () => number) {}

  get(path: string): Inode | undefined {
    return this.names.get(path)
  }
  create(path: string, text: string, maker: Process | null = null): Inode {
    const inode = { ino: this.nextIno++, text, mtimeMs: this.now(), mode: 0o644, maker }
    this.names.set(path, inode)
    return inode
  }
  touch(inode: Inode): void {
    inode.mtimeMs = this.now()
  }
}

const identityOf = (inode: Inode): Identity => ({ ino: inode.ino, size: inode.text.length, mtimeMs: inode.mtimeMs, uid: 0, mode: inode.mode })

export function filesOf(disk: Disk, process: Process): Files {
  const step = async <T>(effect: () => T): Promise<T> => {
    await process.gate()
    return effect()
  }
  return {
    read: (path) =>
      step((): FileText | null => {
        const inode = disk.get(path)
        if (inode === undefined) return null
        if ((inode.mode & 0o400) === 0) return { text: '', valid: false, identity: identityOf(inode), unreadable: 'this user may not open it' }
        return { text: inode.text, valid: true, identity: identityOf(inode) }
      }),
    readLines: (path, from) =>
      step(() => {
        const inode = disk.get(path)
        if (inode === undefined) return null
        const end = inode.text.lastIndexOf('\n') + 1
        const text = from > end ? '' : inode.text.slice(from, end)
        return { lines: text.split('\n').filter((line) => line !== ''), end: Math.max(from, end), ino: inode.ino }
      }),
    firstLine: (path) =>
      step(() => {
        const text = disk.get(path)?.text
        return text?.includes('\n') === true ? text.slice(0, text.indexOf('\n')) : null
      }),
    identify: (path) =>
      step(() => {
        const inode = disk.get(path)
        return inode === undefined ? null : identityOf(inode)
      }),
    append: async (path, text) => {
      const inode = await step(() => disk.get(path) ?? disk.create(path, '', process))
      const end = await step(() => {
        inode.text += text // the descriptor was opened a step before: the file may have been renamed since, or be longer
        disk.touch(inode)
        return identityOf(inode).size
      })
      return step(() => ({ ino: inode.ino, end: disk.get(path) === inode ? end : null }))
    },
    write: async (path, text, { mode } = {}) => {
      const inode = await step(() => {
        const known = disk.get(path)
        if (known === undefined) return disk.create(path, '', process)
        known.text = ''
        return known
      })
      await step(() => {
        inode.text = text
        inode.mode = mode ?? inode.mode
        disk.touch(inode)
      })
    },
    link: (from, to) =>
      step(() => {
        const inode = disk.get(from)
        if (inode === undefined) return 'missing'
        if (disk.names.has(to)) return 'exists'
        disk.names.set(to, inode)
        return 'linked'
      }),
    rename: (from, to) =>
      step(() => {
        const inode = disk.get(from)
        if (inode === undefined) return false
        disk.names.delete(from)
        disk.names.set(to, inode)
        return true
      }),
    renameOver: (from, to, expected) =>
      step(() => {
        const present = disk.get(to)
        if (!sameIdentity(present === undefined ? null : identityOf(present), expected)) return false
        const inode = disk.get(from)!
        disk.names.delete(from)
        disk.names.set(to, inode)
        return true
      }),
    touch: (path) =>
      step(() => {
        const inode = disk.get(path)
        if (inode !== undefined) disk.touch(inode)
      }),
    remove: (path) =>
      step(() => {
        disk.names.delete(path)
      }),
    list: (directory) =>
      step(() => [...disk.names.keys()].filter((path) => dirname(path) === directory).map((path) => path.slice(directory.length + 1))),
    makeDirectory: () => step(() => undefined),
    syncDirectory: () => step(() => undefined),
    copy: (from, to) =>
      step(() => {
        disk.create(to, disk.get(from)?.text ?? '', process)
      }),
    resolve: (path) => step(() => path),
    modeOf: (path) => step(() => disk.get(path)?.mode ?? null),
  }
}
