import { MAX_LABEL_BYTES } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'
import type { Environment } from './root.js'

/** As a command was told; none has both. */
export interface ActorFlags {
  by?: string | undefined
  agent?: string | undefined
}

/**
 * Who acts, for the history: `--by` or `--agent`, else MEMORY_SYNC_AGENT, else USER, else `unknown`. A variable that is empty counts as unset.
 * Throws MemoryError `usage` for an empty flag, and for more than every change should carry.
 */
export function resolveAuthor({ by, agent }: ActorFlags, env: Environment): string {
  refuseEmpty('--by', by)
  refuseEmpty('--agent', agent)
  const author = [by ?? agent, env['MEMORY_SYNC_AGENT'], env['USER']].find((name) => name !== undefined && name !== '') ?? 'unknown'
  if (Buffer.byteLength(author) <= MAX_LABEL_BYTES) return author
  throw new MemoryError('usage', `who writes (--by or --agent, MEMORY_SYNC_AGENT, USER) has more than ${MAX_LABEL_BYTES} bytes`)
}

/** Of a script's variable that is not set: the change would be somebody else's, or nobody's. */
function refuseEmpty(flag: string, name: string | undefined): void {
  if (name?.trim() === '') throw new MemoryError('usage', `${flag} is empty`, { suggestions: ['give it a value, or leave it out'] })
}
