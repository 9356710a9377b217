/**
 * The install record: what was there before, written down before it is changed. With it an installation that was stopped
 * anywhere can be gone on with, or taken back.
 */
import fs from 'node:fs'
import { basename, join } from 'node:path'
import * as z from '../platform/zod.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { sha256 } from '../platform/digests.js'
import { makeFolder } from '../platform/make-folder.js'
import { digestOfTree, putFile, putTree, sweepPreparations } from './disk.js'
import { readTree } from './tree.js'

const owner = { uid: z.number(), gid: z.number() }
const shapeSchema = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('absent') }),
  z.strictObject({ is: z.literal('file'), sha256: z.string(), mode: z.number(), mtimeMs: z.number(), ...owner }),
  z.strictObject({ is: z.literal('link'), target: z.string(), mtimeMs: z.number(), ...owner }),
  z.strictObject({ is: z.literal('folder'), mode: z.number() }),
  z.strictObject({ is: z.literal('tree'), sha256: z.string() }),
  z.strictObject({ is: z.literal('other') }),
])

/** `block` and `settings`: only a part of the file is ours, and can be taken out of whatever the file has become. */
const partSchema = z.enum(['whole', 'block', 'settings'])

const entrySchema = z.strictObject({
  path: z.string(),
  step: z.string(),
  part: partSchema,
  before: shapeSchema,
  /** What we put there last; `previous`: before that, until it is certain that `after` is there. */
  after: shapeSchema,
  previous: z.nullable(shapeSchema),
  /** Somebody changed the file between two of our runs. */
  foreign: z.boolean(),
})

const serviceSchema = z.strictObject({
  label: z.string(),
  kind: z.enum(['launchd', 'systemd', 'supervisor']),
  stderr: z.string(),
  /** A service of this label that was somebody else's before us, and ran. */
  ranBefore: z.boolean(),
})

const recordSchema = z.strictObject({
  format: z.literal(1),
  version: z.string(),
  root: z.string(),
  startedAt: z.string(),
  /** null: not finished. */
  finishedAt: z.nullable(z.string()),
  /** `got`: what it was installed with; `off` where nothing was found, `switched off` where somebody has said so. */
  redis: z.nullable(z.strictObject({ asked: z.string(), got: z.string() })),
  service: z.nullable(serviceSchema),
  /** The round trip has begun to write its agent, and has not removed it yet. */
  testAgent: z.optional(z.boolean()),
  entries: z.array(entrySchema),
})

export type Part = z.infer<typeof partSchema>
export type RecordEntry = z.infer<typeof entrySchema>
export type ServiceEntry = z.infer<typeof serviceSchema>
export type InstallRecord = z.infer<typeof recordSchema>

const fileOf = (folder: string): string => join(folder, 'install.json')
export const backupsOf = (folder: string): string => join(folder, 'backups')
/** What somebody else had made of our files, kept when it had to make way. */
export const keptOf = (folder: string): string => join(folder, 'kept')

/** null: nothing is installed. Throws MemoryError `config` for a record that cannot be read: without it nothing can be undone. */
export function readRecord(folder: string): InstallRecord | null {
  const path = fileOf(folder)
  let text: string
  try {
    text = fs.readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw unreadable(path, error)
  }
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** On the disk when it returns. */
export function writeRecord(folder: string, record: InstallRecord): void {
  const made = makeFolder(folder, 0o700)
  try {
    putFile(fileOf(folder), `${JSON.stringify(record, null, 1)}\n`, 0o600)
  } catch (error) {
    if (made === folder) fs.rmdirSync(folder) // nobody would take it away
    throw error
  }
}

/** The backups first: of those that a kill leaves, and they may hold secrets, the next rollback would know nothing without the record. */
export function removeRecord(folder: string): void {
  fs.rmSync(backupsOf(folder), { recursive: true, force: true })
  sweepPreparations(fileOf(folder)) // as long as there is a record, by which the next rollback finds it
  fs.rmSync(fileOf(folder), { force: true })
}

/** A copy of a file, by its content: the same twice is one. It may hold secrets. */
export function backUp(folder: string, bytes: Buffer): void {
  const backups = backupsOf(folder)
  makeFolder(backups, 0o700)
  putFile(join(backups, sha256(bytes)), bytes, 0o600)
}

export const readBackup = (folder: string, digest: string): Buffer => fs.readFileSync(join(backupsOf(folder), digest))

/** null: it is gone, as where a rollback was killed when it had begun to remove them. */
export function backupOrNull(folder: string, digest: string): Buffer | null {
  try {
    return readBackup(folder, digest)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Where it is kept. */
export function keepForeign(folder: string, path: string, bytes: Buffer): string {
  const kept = join(keptOf(folder), `${basename(path)}.${sha256(bytes).slice(0, 12)}`)
  makeFolder(keptOf(folder), 0o700)
  putFile(kept, bytes, 0o600)
  return kept
}

/** The same for a folder. */
export function keepForeignTree(folder: string, path: string): string {
  const files = readTree(path)
  const kept = join(keptOf(folder), `${basename(path)}.${digestOfTree(files).slice(0, 12)}`)
  makeFolder(keptOf(folder), 0o700)
  putTree(kept, files)
  return kept
}

const unreadable = (path: string, cause: unknown): MemoryError =>
  new MemoryError('config', `the install record ${path} cannot be used: ${messageOf(cause)}`, {
    suggestions: ['mend it, or move it away: then "memory_sync install" takes over program and service; what else was installed stays, and has to be removed by hand'],
    cause,
  })
