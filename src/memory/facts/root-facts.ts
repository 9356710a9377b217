/** What stands on the disk of a root. Looking changes nothing. */
import { accessSync, constants, type Dirent, existsSync, lstatSync, readdirSync, readlinkSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Facts } from '../../health/facts.js'
import { spoolFolderOf, stateFolderOf } from '../../client/socket-path.js'
import { registeredHubs } from '../../client/hub-registry.js'
import { messageOf } from '../../errors/errors.js'
import { isDropName, isSpoolName } from '../../domain/name.js'
import { entryOf } from '../../platform/entries.js'
import { isCode } from '../../platform/open-file.js'
import { systemProcesses } from '../../platform/processes.js'
import { bridgeOf } from '../../usecases/bridge.js'

/** What the system does not tell, is not there. */
function orNull<T>(look: () => T): T | null {
  try {
    return look()
  } catch {
    return null
  }
}

/** A link that leads nowhere names the file that a write makes: only where its folder is missing, too, nothing can be made there. */
export function fileLeadsTo(root: string): Facts['fileLeadsTo'] {
  const file = join(root, 'shared_memory', 'context.json')
  const target = orNull(() => readlinkSync(file))
  if (target === null) return null // there is none, or it is no link
  const meant = resolve(dirname(file), target)
  return existsSync(dirname(meant)) ? null : meant
}

/** Of the folder itself, or of the first above it that is there. */
export function diskOf(root: string): Facts['disk'] {
  const stat = orNull(() => statfsSync(stateFolderOf(root))) ?? orNull(() => statfsSync(root))
  if (stat === null || stat.blocks === 0) return null
  const { bsize, bavail, blocks, ffree, files } = stat
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: ffree, totalFiles: files }
}

/** Why a root that is not there could not be made; null: it is there, or could, as far as anybody can tell without making it. */
export function whyNotMade(root: string): string | null {
  let folder = stateFolderOf(root)
  while (!existsSync(folder)) folder = dirname(folder)
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is no folder`
    accessSync(folder, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/**
 * Paths of ours that others than the owner can read or write: everything behind the folder is open as far as the folder is.
 * A link in it has no mode of its own, and what it leads to is not ours.
 */
export function openToOthers(root: string): string[] {
  const folder = stateFolderOf(root)
  if (!isOpenToOthers(folder)) return []
  const own = entriesOf(folder).filter((entry) => !entry.isSymbolicLink())
  return [folder, ...own.map(({ name }) => join(folder, name)).filter(isOpenToOthers)]
}

export const isOpenToOthers = (path: string): boolean => ((orNull(() => statSync(path))?.mode ?? 0) & 0o077) !== 0

const entriesOf = (folder: string): Dirent[] => orNull(() => readdirSync(folder, { withFileTypes: true })) ?? []

/** What this user cannot read, or not write, of our paths. What was set aside keeps its mode, and is in nobody's way. */
export function closedToUs(root: string): Facts['closedToUs'] {
  const shared = join(root, 'shared_memory')
  const ours = stateFolderOf(root)
  const { inbox, outbox, processed } = bridgeOf(root)
  const folders = entriesOf(ours).flatMap((entry) => (entry.isDirectory() ? [join(ours, entry.name)] : []))
  const looked = [ours, ...folders.filter((folder) => folder !== join(ours, 'aside'))]
  const within = looked.flatMap((folder) => entriesOf(folder).flatMap((entry) => (entry.isFile() || entry.isDirectory() ? [join(folder, entry.name)] : [])))
  const closed = [shared, join(shared, 'context.json'), ours, ...within, inbox, outbox, processed].filter(isClosed)
  return closed.map((path) => ({ path, isOwn: ownerOf(path) === process.getuid?.() }))
}

/** Of a path that is hidden behind a folder: the owner of that folder. */
function ownerOf(path: string): number | undefined {
  const stat = orNull(() => statSync(path))
  if (stat !== null) return stat.uid
  return path === dirname(path) ? undefined : ownerOf(dirname(path))
}

function isClosed(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return false
  } catch (error) {
    return isCode(error, 'EACCES')
  }
}

/** Old enough that no process can still be at it: each writes such a file in one go. */
const UNFINISHED_MS = 60_000

/** Unfinished files of processes that were killed. They are complete in no case, and what they were to say stands in the journal. */
export function leftoversOf(root: string, now: number): string[] {
  const shared = join(root, 'shared_memory')
  const ours = stateFolderOf(root)
  const { outbox } = bridgeOf(root)
  const places: [folder: string, unfinished: RegExp][] = [
    [shared, /^\.context\.json\.[0-9a-f]{16}\.tmp$/],
    [ours, /^(?:keeper\.tmp-|root-id\.)[0-9a-f]{16}$|^state\.json\.tmp$|^version\.\d+\.json\.tmp$|^h\.\d+$|^socket\.\d+$/],
    [join(ours, 'leases'), /^tmp-[0-9a-f]{16}$/],
    [outbox, /^\..+_broadcast\.json\.tmp$/],
  ]
  const unfinished = places.flatMap(([folder, pattern]) =>
    entriesOf(folder).flatMap(({ name }) => (pattern.test(name) && isOld(join(folder, name), now) ? [join(folder, name)] : [])),
  )
  const dead = registeredHubs(root, systemProcesses).filter(({ isAlive }) => !isAlive)
  return [...unfinished, ...dead.map(({ path }) => path)]
}

function isOld(path: string, now: number): boolean {
  const stat = orNull(() => lstatSync(path))
  return stat !== null && now - stat.mtimeMs > UNFINISHED_MS && !belongsToLiving(basename(path))
}

/** Names with a pid: a hub that hangs while it starts is not dead. */
function belongsToLiving(name: string): boolean {
  const pid = /^(?:h|socket)\.(\d+)$/.exec(name)?.[1]
  return pid !== undefined && orNull(() => process.kill(Number(pid), 0)) === true
}

/** Beside each drop stands why it was not taken. */
const isReasonOf = (name: string, kept: ReadonlySet<string>): boolean => name.endsWith('.reason') && kept.has(name.slice(0, -'.reason'.length))

export function inboxOf(root: string): Facts['inbox'] {
  const { inbox, rejected: taken } = bridgeOf(root)
  const isFolder = orNull(() => statSync(inbox))?.isDirectory() === true
  const rejected = rejectedIn(taken)
  const strays = isFolder ? straysIn(inbox, isDropName) : []
  return { is: isFolder ? 'there' : orNull(() => lstatSync(inbox)) === null ? 'absent' : 'inTheWay', rejected, strays }
}

export function spoolOf(root: string): Facts['spool'] {
  const spool = spoolFolderOf(root)
  return { rejected: rejectedIn(join(spool, 'rejected')), strays: straysIn(spool, isSpoolName) }
}

function rejectedIn(folder: string): number {
  const kept = new Set(entriesOf(folder).flatMap((entry) => (entry.isFile() ? [entry.name] : [])))
  return [...kept].filter((name) => !isReasonOf(name, kept)).length
}

/** The hub does not take them. */
function straysIn(folder: string, isMeant: (name: string) => boolean): string[] {
  const found = orNull(() => readdirSync(folder, { encoding: 'buffer', withFileTypes: true })) ?? []
  const meant = found.map(entryOf).filter(({ name }) => isMeant(name))
  return meant.flatMap(({ name, flaw }) => (flaw === null ? [] : [`${name} ${flaw}`]))
}
