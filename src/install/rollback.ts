/** Takes an installation back, from its record. Data stays (context, journal, Redis, logs), unless it is named. */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Clock } from '../platform/clock.js'
import type { ServiceManager } from '../service/service.js'
import { shellQuoted } from './dispatch-block.js'
import { settleService } from './former-service.js'
import { withInstallLock } from './lock.js'
import { AGENT } from './proof.js'
import { purge } from './purge.js'
import { type InstallRecord, type RecordEntry, removeRecord, writeRecord } from './record.js'
import { stopStrayHub } from './service-stage.js'
import { type TakeOut, type Undone, undo, WITHOUT_OURS } from './undo.js'

export interface RollbackOptions {
  folder: string
  record: InstallRecord
  /** null: no service is in the record. */
  manager: ServiceManager | null
  takeOut: TakeOut
  clock: Pick<Clock, 'pause'>
  /** One that a killed hub has left; a hub that ends ends its own. Resolves with what is left of it, which is its folder with the reason. */
  endPrivateRedis: () => Promise<Undone | null>
  /** The agent of a round trip that was killed. Resolves with why it may be there yet; null: it is gone. */
  removeTestAgent?: () => Promise<string | null>
  /** Data that is to go too; by default none. */
  purged?: readonly string[]
  dryRun: boolean
  say: (text: string) => void
}

export interface RolledBack {
  undone: Undone[]
  /** What could not be taken back, in words. */
  left: string[]
}

/** Alone on this machine. Throws MemoryError `failed` when the service cannot be ended: then nothing was undone yet. */
export async function rollBack(options: RollbackOptions): Promise<RolledBack> {
  const around = options.record.entries.filter(({ path }) => holds(path, options.folder)).reverse()
  const inside = (): Promise<Undone[]> => rollBackInside(options, around)
  const undone = options.dryRun ? await inside() : await withInstallLock(options.folder, inside, 'leaves no folder')
  for (const entry of around) undone.push(undo(entry, options)) // they hold the record and the lock, which are gone now
  return { undone, left: leftOf(undone) }
}

async function rollBackInside(options: RollbackOptions, around: readonly RecordEntry[]): Promise<Undone[]> {
  const { record, folder, dryRun } = options
  await removeTestAgent(options) // while the hub runs, and the settings say which Redis has it
  const stillRuns = await endService(options)
  // Not under a server that runs: what it is and how it is reached stays, too, for the rollback that ends it.
  const purged = (options.purged ?? []).filter((path) => !stillRuns.some((running) => running.path === path))
  if (!dryRun) purge(purged) // before the folders that hold it, which only go when they are empty
  const undone = [...stillRuns, ...purged.map((path): Undone => ({ path, did: 'purged' }))]
  const open = new Set(around)
  const needed = stillRuns.length === 0 ? ['program'] : ['program', 'settings']
  let hasFailed = stillRuns.length > 0
  for (const entry of [...record.entries].reverse()) {
    if (around.includes(entry)) continue
    const done: Undone = hasFailed && needed.includes(entry.step) ? { path: entry.path, did: 'left', note: NEEDED } : undo(entry, options)
    undone.push(done)
    hasFailed ||= done.did === 'failed'
    if (done.did === 'failed' || done.did === 'left') open.add(entry)
  }
  await settle(options)
  if (dryRun) return undone
  if (hasFailed) keepForAnother(options, open)
  else removeRecord(folder)
  return undone
}

/** It is nothing that an installation has put on this machine: where it cannot be removed, that is said, and fails nothing. */
async function removeTestAgent({ record, dryRun, say, removeTestAgent: remove }: RollbackOptions): Promise<void> {
  if (dryRun || record.testAgent !== true || remove === undefined) return
  const isRoot = existsSync(join(record.root, 'shared_memory')) // a command would make it again
  const why = isRoot ? await remove() : `${record.root} is gone`
  if (why === null) delete record.testAgent // the record may stay for another rollback
  else say(`the agent ${AGENT} of a test that was ended may still be in the context: ${why}`)
}

/** The backups stay with the record: what they hold stands nowhere else as long as it is not restored. */
function keepForAnother({ record, folder, say }: RollbackOptions, open: ReadonlySet<RecordEntry>): void {
  record.entries = record.entries.filter((entry) => open.has(entry))
  if (!record.entries.some(({ step }) => step === 'service')) record.service = null
  record.finishedAt = null
  writeRecord(folder, record)
  const program = record.entries.find(({ step, after }) => step === 'program' && after.is === 'link')?.path
  const again = program === undefined ? 'memory_sync rollback' : `node ${shellQuoted(`${program}/bin/run.js`)} rollback`
  say(`not everything could be taken back: the record and what was there before stay in ${folder}; mend what failed, then: ${again}`)
}

/** A folder that is not empty holds data, or what is somebody else's, and who has taken our part out himself wants it so: no failure. */
const leftOf = (undone: readonly Undone[]): string[] =>
  undone
    .filter(({ did, note }) => did === 'failed' || (did === 'left' && !HARMLESS.some((harmless) => note?.startsWith(harmless))))
    .map(({ path, note }) => `${path}: ${note ?? ''}`)

const NOT_EMPTY = 'it is not empty'
const NEEDED = 'the next rollback needs it'
const HARMLESS: readonly string[] = [NOT_EMPTY, NEEDED, WITHOUT_OURS]

/** Only the service: its definition and its process. */
export async function removeService(options: RollbackOptions): Promise<RolledBack> {
  const { record, folder, dryRun } = options
  const stillRuns = await endService(options)
  const entries = record.entries.filter(({ step }) => step === 'service').reverse()
  const undone = entries.map((entry) => undo(entry, options))
  await settle(options)
  if (!dryRun) {
    const isUndone = (entry: RecordEntry): boolean => undone[entries.indexOf(entry)]?.did !== 'failed'
    if (entries.every(isUndone)) record.service = null
    record.entries = record.entries.filter((entry) => !entries.includes(entry) || !isUndone(entry))
    writeRecord(folder, record)
  }
  return { undone: [...stillRuns, ...undone], left: leftOf([...stillRuns, ...undone]) }
}

/** No hub is left, of the service or not. What could not be ended is returned: it is no reason to leave the rest as it is. */
async function endService({ record, manager, clock, dryRun, say, endPrivateRedis }: RollbackOptions): Promise<Undone[]> {
  if (dryRun) return []
  if (manager !== null && record.service !== null) await manager.stop(record.service.label)
  const pid = await stopStrayHub(record.root, clock)
  if (pid !== null) say(`the hub (pid ${pid}) was ended`)
  const left = await endPrivateRedis()
  return left === null ? [] : [left]
}

async function settle({ record, manager, dryRun, say }: RollbackOptions): Promise<void> {
  if (!dryRun && manager !== null && record.service !== null) await settleService(manager, record.service, say)
}

const holds = (path: string, folder: string): boolean => folder === path || folder.startsWith(path + sep)
