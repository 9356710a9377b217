/**
 * What `health --fix` does: only what is safe, and a copy of what it touches is kept. It says what it did, and what it left and why.
 * Nothing of a user's is deleted; removed is only a socket that nobody listens on.
 */
import { chmodSync, copyFileSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { reachHubOf } from '../client/connect.js'
import { stateFolderOf, usualSocketPath } from '../client/socket-path.js'
import type { LocalEngine } from '../core/engine.js'
import { foreseen, MemoryError, messageOf } from '../errors/errors.js'
import { systemClock } from '../platform/clock.js'
import { makeFolder } from '../platform/make-folder.js'
import { giveToOwner } from '../platform/owner.js'
import { leaveUnreadableOut } from '../store/file/readable-history.js'
import type { RootFiles } from '../store/file/root-files.js'
import { bridgeOf } from '../usecases/bridge.js'
import { type OpenOptions, openLocalEngine, rootFilesOf } from './engine.js'
import { inboxOf, leftoversOf, openToOthers } from './facts/root-facts.js'

export interface Repairs {
  done: string[]
  /** With the reason. */
  left: string[]
}

interface Work extends Repairs {
  root: string
  files: RootFiles
  engine: LocalEngine
  /** Who is the keeper now: null means that this process may be. */
  keeperPid: number | null
  /** Of the socket. */
  hub: 'answers' | 'silent' | 'absent'
}

const STEPS: readonly ((work: Work) => Promise<void> | void)[] = [makeFolders, closeToOthers, removeDeadSocket, moveLeftovers, doRound, foldBrokenJournal, mendHistory]
const HUB_BUDGET_MS = 500

export async function repair(options: OpenOptions): Promise<Repairs> {
  const { root } = options
  const files = rootFilesOf(root)
  const engine = await openLocalEngine(options)
  const work: Work = { root, files, engine, done: [], left: [], keeperPid: null, hub: 'absent' }
  const forget = engine.on(({ level, text, isMended }) => (level === 'error' && !isMended ? work.left : work.done).push(text))
  try {
    await files.prepare()
    work.keeperPid = (await files.lock.holder())?.pid ?? null
    work.hub = await hubAt(root)
    for (const step of STEPS) await step(work)
  } catch (error) {
    const told = foreseen(error)
    if (told === null) throw error
    work.left.push(told.message) // the checks that follow say what is wrong
  } finally {
    forget()
    await engine.close()
  }
  return { done: work.done, left: work.left }
}

async function hubAt(root: string): Promise<Work['hub']> {
  const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
  if (!('connection' in reached)) return reached.is
  reached.connection.close()
  return 'answers'
}

function makeFolders({ root, done, left }: Work): void {
  const { inbox, outbox, processed } = bridgeOf(root)
  if (inboxOf(root).is === 'inTheWay') {
    left.push(`${inbox} is no folder, and somebody's: move it away`)
    return
  }
  for (const folder of [inbox, outbox, processed]) {
    attempt(left, () => {
      if (makeFolder(folder) !== undefined) done.push(`made the folder ${relative(root, folder)}`)
    })
  }
}

function closeToOthers({ root, done, left }: Work): void {
  for (const path of openToOthers(root)) {
    attempt(left, () => {
      chmodSync(path, statSync(path).mode & 0o700)
      done.push(`closed ${path} to other users`)
    })
  }
}

/** A hub that lives has a socket that answers, or holds the lock. */
function removeDeadSocket({ root, keeperPid, hub, done, left }: Work): void {
  const path = usualSocketPath(root)
  if (hub !== 'absent' || !isSocket(path)) return
  if (keeperPid !== null) left.push(`${path}: nobody answers there, but pid ${keeperPid} is the keeper and may be about to`)
  else {
    attempt(left, () => {
      rmSync(path)
      done.push(`removed the socket of a hub that has ended`)
    })
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
}

function moveLeftovers({ root, done, left }: Work): void {
  const found = leftoversOf(root, Date.now())
  if (found.length === 0) return
  attempt(left, () => {
    const folder = salvageFolder(root)
    for (const path of found) {
      attempt(left, () => {
        renameSync(path, freeIn(folder, basename(path)))
        done.push(`moved the unfinished ${path} to ${folder}`)
      })
    }
  })
}

/** A file that may still be written by somebody is broken only when it has been so for a while. */
const SETTLE_MS = 1_200

/** Takes edits in, sets aside what cannot be read, restores, replicates. A hub does all that by itself. */
async function doRound({ root, engine, keeperPid, hub, done, left }: Work): Promise<void> {
  if (keeperPid !== null && hub !== 'answers') {
    left.push(`the file and the journal: pid ${keeperPid} is the keeper of this root and does not answer`)
    return
  }
  const wasAbsent = (await engine.examine()).file.is === 'absent'
  await engine.mend()
  const { file } = await engine.examine()
  if (wasAbsent && file.is === 'current') done.push(`put ${join(root, 'shared_memory', 'context.json')} back`)
  if (file.is !== 'unsettled') return
  await systemClock.pause(SETTLE_MS)
  await engine.mend()
}

/** Where the lines that nobody can read are left behind, with a copy of all. */
async function foldBrokenJournal({ root, files, engine, keeperPid, done, left }: Work): Promise<void> {
  const { unreadable } = await files.inspectJournal()
  if (unreadable === 0) return
  if (keeperPid !== null) {
    left.push(`the journal with ${unreadable} unreadable lines: the hub (pid ${keeperPid}) keeps it; end the hub, and run this again`)
    return
  }
  const folder = salvageFolder(root)
  const ours = stateFolderOf(root)
  for (const name of readdirSync(ours).filter((found) => /^journal(?:\.\d+)?$/.test(found))) {
    const copy = freeIn(folder, name)
    copyFileSync(join(ours, name), copy)
    giveToOwner(copy)
  }
  const isFolded = await engine.foldJournal()
  if (isFolded === true) {
    done.push(`left ${unreadable} unreadable lines of the journal behind; a copy is in ${folder}`)
    return
  }
  const why = isFolded === null ? 'another process is at it' : 'the history takes no changes, and needs the others; mend its permissions, or free space'
  left.push(`the journal with ${unreadable} unreadable lines: ${why}; a copy is in ${folder}`)
}

/** The history is a copy of changes for readers: a line of it that nobody can read has no other use. */
async function mendHistory({ root, files, keeperPid, done, left }: Work): Promise<void> {
  const { unreadable } = await files.inspectHistory()
  if (unreadable === 0) return
  const held = keeperPid === null ? await files.lock.tryAcquire() : null
  if (held === null) {
    const who = keeperPid === null ? 'another process is at it; run this again' : `the hub (pid ${keeperPid}) keeps it; end the hub, and run this again`
    left.push(`the history with ${unreadable} unreadable lines: ${who}`)
    return
  }
  try {
    let folder: string | undefined
    const out = leaveUnreadableOut(stateFolderOf(root), () => (folder ??= salvageFolder(root)))
    if (out > 0) done.push(`left ${out} unreadable lines of the history behind; a copy is in ${folder ?? '?'}`)
  } catch (error) {
    left.push(`the history with ${unreadable} unreadable lines: ${messageOf(error)}`)
  } finally {
    await held.release()
  }
}

/** Kept until somebody moves it away. Throws MemoryError `failed` where it would be elsewhere. */
function salvageFolder(root: string): string {
  const salvage = join(stateFolderOf(root), 'salvage')
  if (lstatSync(salvage, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new MemoryError('failed', `${salvage} is a link: what would be moved or copied there stays as it is`)
  }
  const folder = join(salvage, new Date().toISOString().replaceAll(':', '-'))
  makeFolder(folder, 0o700)
  return folder
}

function freeIn(folder: string, name: string): string {
  for (let n = 1; ; n++) {
    const path = join(folder, n === 1 ? name : `${name}.${n}`)
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return path
  }
}

/** What the system refuses is said, and the other repairs go on. */
function attempt(left: string[], action: () => void): void {
  try {
    action()
  } catch (error) {
    left.push(messageOf(error))
  }
}
