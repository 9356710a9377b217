import { MAX_LABEL_BYTES } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'
import type { Environment } from './root.js'

/**
 * Who acts, for the history: `--by` or `--agent`, else MEMORY_SYNC_AGENT, else USER, else `unknown`. What is empty counts as unset. Throws
 * MemoryError `usage` for more than every change should carry.
 */
export function resolveAuthor(flag: string | undefined, env: Environment): string {
  const author = [flag, env['MEMORY_SYNC_AGENT'], env['USER']].find((name) => name !== undefined && name !== '') ?? 'unknown'
  if (Buffer.byteLength(author) <= MAX_LABEL_BYTES) return author
  throw new MemoryError('usage', `who writes (--by or --agent, MEMORY_SYNC_AGENT, USER) has more than ${MAX_LABEL_BYTES} bytes`)
}
