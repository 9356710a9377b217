/** One installer at a time for one user. */
import fs from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { MemoryError } from '../errors/errors.js'
import { type ProcessIdentity, systemProcesses } from '../platform/processes.js'

const holderSchema = z.strictObject({ pid: z.number(), start: z.string(), boot: z.string() })

/** Runs `work` alone. Throws MemoryError `failed` when another installer lives. */
export async function withInstallLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (!fs.existsSync(folder)) return work() // nothing is installed; the first thing that is made is the record
  const path = join(folder, 'install.lock')
  take(path)
  try {
    return await work()
  } finally {
    fs.rmSync(path, { force: true })
  }
}

function take(path: string): void {
  const self = JSON.stringify(systemProcesses.self())
  const claim = `${path}.${process.pid}`
  fs.writeFileSync(claim, self, { mode: 0o600 })
  try {
    if (tryLink(claim, path)) return
    const holder = holderOf(path)
    if (holder !== null && systemProcesses.isAlive(holder)) throw isInstalling(holder.pid)
    fs.rmSync(path, { force: true })
    if (!tryLink(claim, path)) throw isInstalling(holderOf(path)?.pid ?? null)
  } finally {
    fs.rmSync(claim, { force: true })
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

function holderOf(path: string): ProcessIdentity | null {
  try {
    return holderSchema.parse(JSON.parse(fs.readFileSync(path, 'utf8')))
  } catch {
    return null // released in between: nobody holds it
  }
}

const isInstalling = (pid: number | null): MemoryError =>
  new MemoryError('failed', `another installation is going on${pid === null ? '' : `: pid ${pid}`}`, {
    details: { pid },
    suggestions: ['wait until it has ended, and run this again'],
  })
