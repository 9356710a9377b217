/** What a use case needs of the world, given to it as arguments: none of them reads a clock, a file or the environment. */
import type { Memory } from '../core/memory.js'
import { leafOf } from '../domain/json.js'
import { formatTime } from '../domain/time.js'
import type { Clock } from '../platform/clock.js'
import type { Files } from '../platform/files.js'

export interface Surroundings {
  memory: Memory
  clock: Pick<Clock, 'now' | 'offsetMinutes'>
  /** 128 random bits as 32 hex digits, different at every call. */
  random: () => string
  /** Who acts, for the history. */
  by: string
}

/** The directories of the root that other programs read: the outbox and the ledger. */
export interface RootFiles {
  root: string
  files: Pick<Files, 'append' | 'makeDirectory' | 'read' | 'remove' | 'rename' | 'write'>
}

/** The present time as it is written everywhere. */
export const timeNow = ({ clock }: Pick<Surroundings, 'clock'>): string =>
  formatTime(clock.now(), clock.offsetMinutes())

/** The present time as a leaf. */
export const timeLeaf = (surroundings: Pick<Surroundings, 'clock'>): string => leafOf(timeNow(surroundings))
