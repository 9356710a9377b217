import type { Environment } from './root.js'

/** Who acts, for the history: `--by`, else MEMORY_SYNC_AGENT, else USER, else `unknown`. What is empty counts as unset. */
export const resolveAuthor = (flag: string | undefined, env: Environment): string =>
  [flag, env['MEMORY_SYNC_AGENT'], env['USER']].find((name) => name !== undefined && name !== '') ?? 'unknown'
