/** An entry of the roster as text: `L <rev> <born>` of a live record, `D <rev> <born> <stamp>` of a deleted one. */
import { formatStamp, parseStamp } from '../../domain/lineage.js'
import type { Target } from '../../domain/operation.js'
import type { Roster } from '../contract.js'

const PREFIX = 'record:'

/** The field of the hash `sync` in which the roster has the record. */
export const rosterField = (target: Target): string => PREFIX + target

/** Undefined: the field is none of the roster. */
export const rosterTarget = (field: string): Target | undefined =>
  field.startsWith(PREFIX) ? field.slice(PREFIX.length) : undefined

export const formatRoster = ({ live, rev, born, deleted }: Roster): string =>
  live || deleted === undefined ? `${live ? 'L' : 'D'} ${rev} ${born}` : `D ${rev} ${born} ${formatStamp(deleted)}`

export interface RosterEntry {
  roster: Roster
  /** Which other hashes a live record has. */
  has: { stamps: boolean; types: boolean }
}

/** Undefined for no entry. The script appends the flags of a live record as a fourth word. */
export function parseRoster(text: string): RosterEntry | undefined {
  const [state, rev, born, last = ''] = text.split(' ')
  if (state !== 'L' && state !== 'D') return undefined
  const live = state === 'L'
  const roster: Roster = { live, rev: Number(rev), born: Number(born), ...(!live && { deleted: parseStamp(last) }) }
  return { roster, has: { stamps: live && last.includes('s'), types: live && last.includes('t') } }
}
