/** Takes back what the record says, latest first. */
import fs from 'node:fs'
import { messageOf } from '../errors/errors.js'
import { sha256 } from '../platform/digests.js'
import { removeCompiled } from './compiled.js'
import { look, lookAtTree, preparationOf, putFile, putLink, sameShape, type Shape, sweepPreparations } from './disk.js'
import { backupOrNull, keepForeign, keepForeignTree, readBackup, type RecordEntry } from './record.js'

export interface Undone {
  path: string
  /**
   * `purged`: data, deleted by wish; `partly`: only our part went; `left`: it is not what we made, so it stays; `failed`: a disk or a
   * permission forbade it, and it can be tried again.
   */
  did: 'restored' | 'removed' | 'partly' | 'left' | 'failed' | 'nothing' | 'purged'
  note?: string
}

/** Without our part; null: it is not in there, or it cannot be told. */
export type TakeOut = (entry: RecordEntry, bytes: Buffer) => Buffer | null

/** Begins the note of a file that its owner has freed from our part: nothing is left to take back. */
export const WITHOUT_OURS = 'our part is not in it any more'

export interface UndoOptions {
  folder: string
  takeOut: TakeOut
  /** True: nothing is touched, and the answer is what would be done. */
  dryRun: boolean
}

/** Never throws: what cannot be undone is said, and the others are undone. */
export function undo(entry: RecordEntry, options: UndoOptions): Undone {
  try {
    if (!options.dryRun) sweepLeftovers(entry.path)
    return undoEntry(entry, options)
  } catch (error) {
    return { path: entry.path, did: 'failed', note: `it cannot be undone: ${messageOf(error)}` }
  }
}

function undoEntry(entry: RecordEntry, options: UndoOptions): Undone {
  const { path, before, after, previous, part } = entry
  const now = after.is === 'tree' ? lookAtTree(path) : look(path)
  if (sameShape(now, before)) return { path, did: 'nothing' }
  if (after.is === 'folder' && before.is === 'absent') return removeFolder(path, now, options)
  if (part !== 'whole' && now.is === 'file') return undoPart(entry, now, options)
  const isOurs = [after, previous].some((shape) => shape !== null && isSameButForMode(shape, now))
  if (isOurs || now.is === 'absent') return restore(entry, options)
  if (after.is === 'tree' && now.is === 'tree') return restoreTree(entry, options)
  return leave(entry, options)
}

/** A file with what we wrote is ours, whatever its mode has become. */
const isSameButForMode = (made: Shape, now: Shape): boolean =>
  sameShape(made.is === 'file' && now.is === 'file' ? { ...made, mode: now.mode } : made, now)

/** Below our own folder, where nothing is meant to stay: what somebody has put there is kept with the whole tree. */
function restoreTree(entry: RecordEntry, options: UndoOptions): Undone {
  const kept = options.dryRun ? '' : ` as ${keepForeignTree(options.folder, entry.path)}`
  return { ...restore(entry, options), note: `it was changed since it was installed; what it was is kept${kept}` }
}

/** What our part was put into is given back as it was before, if nothing else has changed in it. */
function undoPart(entry: RecordEntry, now: FileShape, options: UndoOptions): Undone {
  const { path, before, after, foreign } = entry
  const former = formerOf(entry, options)
  if (!foreign && sameShape(now, after) && former !== 'gone') return restore(entry, options)
  const bytes = fs.readFileSync(path)
  const isAsBefore = (text: Buffer): boolean => before.is === 'file' && sha256(text) === before.sha256
  if (isAsBefore(bytes) && former !== 'gone') return restore(entry, options)
  if (isAsBefore(bytes)) return { path, did: 'nothing' }
  if (bytes.length === 0) return leave(entry, options, 'it was emptied since')
  const rest = options.takeOut(entry, bytes)
  if (rest === null) return leave(entry, options, 'it was changed since, and our part cannot be told in it')
  if (isAsBefore(rest) && former !== 'gone') return restore(entry, options)
  if (before.is === 'absent' && isEmptySettings(rest)) return restore(entry, options)
  if (before.is === 'file' && isAsBefore(rest)) return giveBack(path, rest, before, options) // no backup is needed for it
  const kept = keepFormer(entry, options) // while the backups are there: they go with the record
  if (rest.equals(bytes)) return { path, did: 'left', note: `${WITHOUT_OURS}${kept}` }
  if (!options.dryRun) putFile(path, rest, now.mode, now)
  return { path, did: 'partly', note: `it was changed since${kept}` }
}

type FileShape = Extract<Shape, { is: 'file' }>

const isEmptySettings = (bytes: Buffer): boolean => /^\s*\{\s*("redis"\s*:\s*\{\s*\}\s*)?\}\s*$/.test(bytes.toString())

function restore({ path, before }: RecordEntry, { folder, dryRun }: UndoOptions): Undone {
  if (!dryRun) {
    removeCompiled(path)
    putBack(path, before, folder)
  }
  return { path, did: before.is === 'absent' ? 'removed' : 'restored' }
}

function giveBack(path: string, bytes: Buffer, before: FileShape, { dryRun }: UndoOptions): Undone {
  if (!dryRun) putFileAsBefore(path, bytes, before)
  return { path, did: 'restored' }
}

function putFileAsBefore(path: string, bytes: Buffer, before: FileShape): void {
  putFile(path, bytes, before.mode, before)
  fs.utimesSync(path, secondsOf(before), secondsOf(before))
}

function putBack(path: string, before: Shape, folder: string): void {
  switch (before.is) {
    case 'absent':
      removeWhole(path)
      return
    case 'file':
      putFileAsBefore(path, readBackup(folder, before.sha256), before)
      return
    case 'link':
      putLink(path, before.target)
      fs.lutimesSync(path, secondsOf(before), secondsOf(before))
      if (process.getuid?.() === 0) fs.lchownSync(path, before.uid, before.gid)
      return
    case 'folder':
    case 'tree':
    case 'other':
      throw new Error('what was there is not of a kind that is replaced')
  }
}

/** To the microsecond, behind which Node cuts off what it is given: half of one keeps a fraction that is a little less than it should be. */
const secondsOf = ({ mtimeMs }: { mtimeMs: number }): number => (Math.round(mtimeMs * 1_000) + 0.5) / 1e6

/** What a kill leaves of it is not at its place. */
function removeWhole(path: string): void {
  const leaving = preparationOf(path)
  if (look(path).is === 'folder') fs.renameSync(path, leaving)
  for (const gone of [leaving, path]) fs.rmSync(gone, { recursive: true, force: true })
}

/** Somebody else's by now. What we had replaced is theirs to have. */
function leave(entry: RecordEntry, options: UndoOptions, why = 'it was changed since it was installed'): Undone {
  return { path: entry.path, did: 'left', note: `${why}${keepFormer(entry, options)}` }
}

/** Says where it is kept; a link or a folder has nothing to keep. */
function keepFormer(entry: RecordEntry, options: UndoOptions): string {
  const former = formerOf(entry, options)
  if (former === null) return ''
  if (former === 'gone') return '; what was there before cannot be kept: its backup is gone'
  const kept = options.dryRun ? '' : ` as ${keepForeign(options.folder, entry.path, former)}`
  return `; what was there before is kept${kept}`
}

/** null: there was no file. */
const formerOf = ({ before }: RecordEntry, { folder }: UndoOptions): Buffer | 'gone' | null =>
  before.is === 'file' ? (backupOrNull(folder, before.sha256) ?? 'gone') : null

function removeFolder(path: string, now: Shape, { dryRun }: UndoOptions): Undone {
  if (now.is !== 'folder') return { path, did: 'nothing' }
  if (!dryRun) {
    try {
      fs.rmdirSync(path)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      return { path, did: 'left', note: 'it is not empty' }
    }
  }
  return { path, did: 'removed', ...(dryRun && { note: 'if nothing else is in it then' }) }
}

function sweepLeftovers(path: string): void {
  if (fs.existsSync(preparationOf(path)) || fs.existsSync(`${preparationOf(path)}-old`)) sweepPreparations(path)
}
