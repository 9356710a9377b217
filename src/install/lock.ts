/** One installer at a time for one user. */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from '../platform/zod.js'
import { MemoryError } from '../errors/errors.js'
import { makeFolder } from '../platform/make-folder.js'
import { named } from '../platform/open-file.js'
import { type Owner, systemProcesses } from '../platform/processes.js'

const holderSchema = z.strictObject({ pid: z.number(), start: z.string(), boot: z.string(), host: z.optional(z.string()) })
/** Of an installer in another container, or on another machine that shares the folder, nobody here can tell whether it lives. */
const ELSEWHERE_MS = 10 * 60_000

/** Runs `work` alone; it is told of the folders that had to be made, which it is to record, or which go again. Throws MemoryError `failed` when another installer lives. */
export async function withInstallLock<T>(folder: string, work: (made: readonly string[]) => Promise<T>, folders?: 'leaves no folder'): Promise<T> {
  // Beside the folder, which a rollback removes.
  const beside = dirname(folder)
  const made = makeFolders(beside)
  const path = lockFile(folder)
  let isDone = false
  try {
    take(path)
    try {
      const result = await work(made)
      isDone = true
      return result
    } finally {
      fs.rmSync(path, { force: true })
    }
  } finally {
    if (!isDone || folders !== undefined) removeEmpty(made)
  }
}

function removeEmpty(folders: readonly string[]): void {
  for (const path of [...folders].reverse()) if (fs.readdirSync(path).length === 0) fs.rmdirSync(path)
}

const lockFile = (folder: string): string => join(dirname(folder), '.memory_sync-install.lock')

/** Whether an installer is at it now. */
export function isInstalling(folder: string): boolean {
  return liveHolderOf(lockFile(folder)) !== null
}

/** Outermost first. */
function makeFolders(path: string): string[] {
  const first = makeFolder(path, 0o700)
  if (first === undefined) return []
  const made = [path]
  for (let at = path; at !== first; ) made.unshift((at = dirname(at)))
  return made
}

function take(path: string): void {
  const self = JSON.stringify(systemProcesses.owner())
  const claim = `${path}.${process.pid}`
  try {
    writeClaim(claim, self)
    if (tryLink(claim, path)) return
    const holder = liveHolderOf(path)
    if (holder !== null) throw takenBy(holder.pid)
    fs.rmSync(path, { force: true })
    if (!tryLink(claim, path)) throw takenBy(liveHolderOf(path)?.pid ?? null)
  } finally {
    fs.rmSync(claim, { force: true })
  }
}

function writeClaim(path: string, text: string): void {
  try {
    fs.writeFileSync(path, text, { mode: 0o600 })
  } catch (error) {
    throw named(error, path)
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** null: nobody has it, or whoever had it is gone. */
function liveHolderOf(path: string): Owner | null {
  try {
    const takenAt = fs.statSync(path).mtimeMs
    const holder = holderSchema.parse(JSON.parse(fs.readFileSync(path, 'utf8')))
    const sight = systemProcesses.sight(holder, takenAt)
    return sight === 'alive' || (sight === 'elsewhere' && Date.now() - takenAt < ELSEWHERE_MS) ? holder : null
  } catch {
    return null // released in between
  }
}

const takenBy = (pid: number | null): MemoryError =>
  new MemoryError('failed', `another installation is going on${pid === null ? '' : `: pid ${pid}`}`, {
    details: { pid },
    suggestions: ['wait until it has ended, and run this again'],
  })
