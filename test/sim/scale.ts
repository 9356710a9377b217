/**
 * A run is short: limits that a real root reaches in hours are made small, so that folding, paging, and new logs of versions
 * happen in it. Textual, like the mutants: what is shipped has no switch for it.
 */
import type { Replacement } from './bundle.js'

const limit = (file: string, name: string, shipped: string, small: string): Replacement => ({
  file,
  find: `const ${name} = ${shipped}`,
  replace: `const ${name} = ${small}`,
})

export const SCALE: readonly Replacement[] = [
  limit('src/core/journal-keeping.ts', 'FOLD_LINES', '2_000', '6'),
  limit('src/core/journal-keeping.ts', 'SAVE_CHANGES', '500', '10'),
  limit('src/core/journal-keeping.ts', 'ROUND_LINES', '100', '6'),
  limit('src/core/exchange.ts', 'PAGE', '1_000', '4'),
  limit('src/core/snapshot.ts', 'PAGE', '1_000', '4'),
  limit('src/core/feed.ts', 'KEPT', '2_000', '4'),
  limit('src/store/file/versions.ts', 'LOG_LENGTH', '500', '8'),
]
