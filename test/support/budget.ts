/** True under `npm run test:smoke`: the whole run has to end within three minutes. */
export const smoke = process.env['MEMORY_SYNC_TEST_SMOKE'] === '1'

/** How often a long test repeats: `full` in the whole suite, `short` in the smoke run. */
export function runs(full: number, short: number): number {
  return smoke ? short : full
}
