/**
 * Which processes believe that they are the hub of a root: a file each, named by the pid, while they run. The keeper lock lets only one
 * of them be; who removes its files, or moves a root away under a running hub, gets two, and health has to see it.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../platform/make-folder.js'
import { withOpen, WRITE } from '../platform/open-file.js'
import type { Owner, Processes } from '../platform/processes.js'
import { stateFolderOf } from './socket-path.js'
import { makeStateFolder } from './state-folder.js'

/** One of another machine or container says again that it runs, more often than this. */
const SILENT_MS = 30_000

const folderOf = (root: string): string => join(stateFolderOf(root), 'hubs')

/** Makes it known that this process is a hub of the root. Done again, it changes nothing. */
export function registerHub(root: string, self: Owner): void {
  makeStateFolder(root)
  makeFolder(folderOf(root), 0o700)
  withOpen(join(folderOf(root), String(self.pid)), WRITE, 0o600, (fd) => {
    writeFileSync(fd, `${JSON.stringify(self)}\n`)
  })
}

export function unregisterHub(root: string, pid: number): void {
  rmSync(join(folderOf(root), String(pid)), { force: true })
}

export interface RegisteredHub {
  pid: number
  path: string
  isAlive: boolean
}

/** Everyone who said so, the killed ones included. */
export function registeredHubs(root: string, processes: Pick<Processes, 'sight'>): RegisteredHub[] {
  return namesIn(folderOf(root)).flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const path = join(folderOf(root), name)
    const found = ownerIn(path)
    return [{ pid: Number(name), path, isAlive: found !== null && lives(found, processes) }]
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no hub of this version has ever run here
  }
}

function lives({ owner, writtenAt }: { owner: Owner; writtenAt: number }, processes: Pick<Processes, 'sight'>): boolean {
  const sight = processes.sight(owner, writtenAt)
  return sight === 'elsewhere' ? Math.abs(Date.now() - writtenAt) < SILENT_MS : sight === 'alive'
}

/** null: torn by a kill, or removed meanwhile. */
function ownerIn(path: string): { owner: Owner; writtenAt: number } | null {
  try {
    const writtenAt = statSync(path).mtimeMs
    const { pid, start, boot, host } = JSON.parse(readFileSync(path, 'utf8')) as Owner
    return Number.isSafeInteger(pid) ? { owner: { pid, start, boot, host }, writtenAt } : null
  } catch {
    return null
  }
}
