/** How much of what there is to do is done in one round. */
export interface Portion {
  /** So long pending operations are sent, ms. */
  replayMs: number
  /** Of all records that are to be compared, so many. */
  records: number
}
export const EVERYTHING: Portion = { replayMs: Infinity, records: Infinity }
