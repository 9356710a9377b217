/** What a rollback needs: the record, and the manager that the service was given to. */
import { placeOf } from '../client/socket-path.js'
import type { ResolvedRoot } from '../config/root.js'
import { MemoryError } from '../errors/errors.js'
import { removeTestAgent } from './proof.js'
import { serviceSpec } from './service-spec.js'
import { endPrivateRedisOf } from './end-redis.js'
import { type InstallerOptions, openManagerFor } from './installer.js'
import { dataOf } from './purge.js'
import { type InstallRecord, readRecord } from './record.js'
import type { RollbackOptions, RolledBack } from './rollback.js'
import type { Undone } from './undo.js'
import { takeOutFrom } from './take-out.js'

/**
 * Of the root in the record; `root` is the one that this call is about. Throws MemoryError: `absent` when nothing is installed,
 * `usage` when somebody named another root than the installed one. `purges`: the data goes too; it may be all that is left of an
 * installation that was taken back before.
 */
export async function openRollback(
  options: InstallerOptions,
  root: ResolvedRoot,
  { purges = false, ...how }: Pick<RollbackOptions, 'dryRun' | 'say'> & { purges?: boolean },
): Promise<RollbackOptions> {
  const folder = options.places.config
  const isData = purges && dataOf({ ...options.places, root: root.path }).length > 0
  const record = readRecord(folder) ?? (isData ? nothingInstalled(root.path, options.version) : null)
  if (record === null) {
    const noData = purges ? `, and no data in ${root.path}` : ''
    throw new MemoryError('absent', `nothing is installed: there is no install record in ${folder}${noData}`)
  }
  if (root.source !== 'default' && !isSame(root.path, record.root)) throw otherRoot(root, record.root)
  const manager = record.service === null ? null : await openManagerFor(options, record.service.kind)
  const endPrivateRedis = (): Promise<Undone | null> => endPrivateRedisOf(record, options.places, options.env)
  const removeAgent = (): Promise<string | null> => {
    const { program, environment: env } = serviceSpec({ places: { ...options.places, root: record.root }, label: '', env: options.env, nodePath: options.execPath })
    return removeTestAgent({ program, env })
  }
  return { folder, record, manager, removeTestAgent: removeAgent, takeOut: takeOutFrom(folder), clock: options.clock, endPrivateRedis, ...how }
}

const nothingInstalled = (root: string, version: string): InstallRecord => ({
  ...{ format: 1, version, root, startedAt: '', finishedAt: null },
  ...{ redis: null, service: null, entries: [] },
})

/** By its name, or because a link leads there. */
const isSame = (a: string, b: string): boolean => a === b || (placeOf(a) !== null && placeOf(a) === placeOf(b))

const otherRoot = ({ path, source }: ResolvedRoot, installed: string): MemoryError =>
  new MemoryError('usage', `memory_sync is installed for another root than ${path} (${source}): ${installed}; nothing was undone`, {
    suggestions: [`name that root (--root '${installed}') if it is the one you mean`],
  })

const VERBS: Readonly<Record<Exclude<Undone['did'], 'nothing'>, string>> = {
  restored: 'restored',
  removed: 'removed',
  partly: 'our part taken out',
  left: 'left',
  failed: 'failed',
  purged: 'data deleted',
}

/** Of a dry run nothing has happened yet. */
const FUTURE_VERBS: typeof VERBS = {
  restored: 'would be restored',
  removed: 'would be removed',
  partly: 'our part would be taken out',
  left: 'would be left',
  failed: 'would fail',
  purged: 'data would be deleted',
}

export function formatUndone({ undone }: RolledBack, { dryRun }: Pick<RollbackOptions, 'dryRun'>): string {
  const verbs = dryRun ? FUTURE_VERBS : VERBS
  return undone
    .flatMap(({ path, did, note }) => (did === 'nothing' ? [] : [`${verbs[did]}: ${path}${note === undefined ? '' : ` (${note})`}`]))
    .join('\n')
}
