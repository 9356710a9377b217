/** What a rollback needs: the record, and the manager that the service was given to. */
import { MemoryError } from '../errors/errors.js'
import { type InstallerOptions, openManagerFor } from './installer.js'
import { readRecord } from './record.js'
import type { RollbackOptions, RolledBack } from './rollback.js'
import type { Undone } from './undo.js'
import { takeOutFrom } from './take-out.js'

/** Throws MemoryError `absent` when nothing is installed. */
export async function openRollback(
  options: InstallerOptions,
  how: Pick<RollbackOptions, 'dryRun' | 'say'>,
): Promise<RollbackOptions> {
  const folder = options.places.config
  const record = readRecord(folder)
  if (record === null) {
    throw new MemoryError('absent', `nothing is installed: there is no install record in ${folder}`)
  }
  const manager = record.service === null ? null : await openManagerFor(options, record.service.kind)
  return { folder, record, manager, takeOut: takeOutFrom(folder), clock: options.clock, ...how }
}

const VERBS: Readonly<Record<Exclude<Undone['did'], 'nothing'>, string>> = {
  restored: 'restored',
  removed: 'removed',
  partly: 'our part taken out',
  left: 'left',
}

export function formatUndone({ undone }: RolledBack): string {
  return undone
    .flatMap(({ path, did, note }) => (did === 'nothing' ? [] : [`${VERBS[did]}: ${path}${note === undefined ? '' : ` (${note})`}`]))
    .join('\n')
}
