/** An open file of this machine, and what is said of one that cannot be opened. */
import fs from 'node:fs'
import { openOwned } from './owner.js'

export const isCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException | null)?.code ?? '')

/** The result, or null where the file or a directory above it is missing. */
export function unlessMissing<T>(action: () => T): T | null {
  try {
    return action()
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** What fails on an open file says which call it was, and not of which file. */
export function named(error: unknown, path: string): unknown {
  return error instanceof Error ? Object.assign(error, { path }) : error
}

/** A pipe, or what took a file's place after a look at it, is not waited for. */
export const READ = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK

const { O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = fs.constants
export const WRITE = O_WRONLY | O_CREAT | O_TRUNC
export const WRITE_NEW = O_WRONLY | O_CREAT | O_EXCL
export const APPEND = O_WRONLY | O_APPEND | O_CREAT

/** What is made otherwise (a copy, a socket, a folder) is given to its owner by who makes it. */
export const openFile = (path: string, flags: number, mode: number): number =>
  (flags & O_CREAT) === 0 ? fs.openSync(path, flags) : openOwned(path, flags, mode)

export function withOpen<T>(path: string, flags: number, mode: number, use: (fd: number) => T): T {
  const fd = openFile(path, flags, mode)
  try {
    return use(fd)
  } catch (error) {
    throw named(error, path)
  } finally {
    fs.closeSync(fd)
  }
}

/** The same for what waits for the disk. */
export async function whileOpen(path: string, flags: number, mode: number, use: (fd: number) => Promise<void>): Promise<void> {
  const fd = openFile(path, flags, mode)
  try {
    await use(fd)
  } catch (error) {
    throw named(error, path)
  } finally {
    fs.closeSync(fd)
  }
}

/** A pipe would be waited for, and a device never ends. */
export function kindOf(stat: Pick<fs.Stats, 'isSymbolicLink' | 'isDirectory' | 'isFIFO' | 'isSocket'>): string {
  if (stat.isSymbolicLink()) return 'a link that cannot be followed'
  return stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device'
}

export function refuseOthers(path: string, stat: fs.Stats): void {
  if (!stat.isFile()) throw Object.assign(new Error(`${path} is ${kindOf(stat)}, and no file`), { code: 'ENOTFILE' })
}
