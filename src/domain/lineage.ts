/** Which changes a data set contains: for each epoch (the life of one Redis data set) the last revision of it. */
import type { Stamp } from './operation.js'

export type Contains = ReadonlyMap<string, number>

export const contains = (known: Contains, stamp: Stamp): boolean => (known.get(stamp.epoch) ?? -1) >= stamp.rev

export function mergeContains(a: Contains, b: Contains): Map<string, number> {
  const merged = new Map(a)
  for (const [epoch, rev] of b) merged.set(epoch, Math.max(rev, merged.get(epoch) ?? 0))
  return merged
}

/** A total order of concurrent changes: by time; the rest only makes it the same everywhere. */
export const isNewer = (a: Stamp, b: Stamp): boolean =>
  a.t !== b.t ? a.t > b.t : a.epoch !== b.epoch ? a.epoch > b.epoch : a.rev > b.rev

export const sameStamp = (a: Stamp, b: Stamp): boolean => a.t === b.t && a.rev === b.rev && a.epoch === b.epoch

/** ms since 2020: a new epoch starts above it, so that it starts above every number that a lost one may have given. */
export const revisionFloorAt = (wallMs: number): number => wallMs - Date.UTC(2020, 0, 1)

export const formatStamp = ({ t, rev, epoch }: Stamp): string => `${t}.${rev}.${epoch}`

export function parseStamp(text: string): Stamp {
  const [t = '', rev = '', epoch = ''] = text.split('.')
  return { t: Number(t), rev: Number(rev), epoch }
}
