/**
 * Which processes believe that they are the hub of a root: a file each, named by the pid, while they run. The keeper lock lets only one
 * of them be; who removes its files, or moves a root away under a running hub, gets two, and health has to see it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity, Processes } from '../platform/processes.js'
import { stateFolderOf } from './socket-path.js'

const folderOf = (root: string): string => join(stateFolderOf(root), 'hubs')

/** Makes it known that this process is a hub of the root. Done again, it changes nothing. */
export function registerHub(root: string, self: ProcessIdentity): void {
  mkdirSync(folderOf(root), { recursive: true, mode: 0o700 })
  writeFileSync(join(folderOf(root), String(self.pid)), `${JSON.stringify(self)}\n`, { mode: 0o600 })
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
export function registeredHubs(root: string, processes: Pick<Processes, 'isAlive'>): RegisteredHub[] {
  return namesIn(folderOf(root)).flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const path = join(folderOf(root), name)
    const identity = identityIn(path)
    return [{ pid: Number(name), path, isAlive: identity !== null && processes.isAlive(identity) }]
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no hub of this version has ever run here
  }
}

/** null: torn by a kill, or removed meanwhile. */
function identityIn(path: string): ProcessIdentity | null {
  try {
    const { pid, start, boot } = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
    return Number.isSafeInteger(pid) ? { pid, start, boot } : null
  } catch {
    return null
  }
}
