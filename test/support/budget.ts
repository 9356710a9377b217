/** True under `npm run test:smoke`: the whole run has to end within three minutes. */
export const smoke = process.env['MEMORY_SYNC_TEST_SMOKE'] === '1'

/** How often a long test repeats: `full` in the whole suite, `short` in the smoke run. */
export function runs(full: number, short: number): number {
  return smoke ? short : full
}

/** Far beyond every budget, also on a busy machine: what takes longer waits for something that does not come. */
export const NO_HANG_MS = 15_000
