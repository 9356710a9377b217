/** Time that no clock setting moves: what is left of a lease must not depend on the wall clock. */
import { bootId } from './processes.js'

export interface Moment {
  /** Of the boot of the machine; empty where that cannot be told. */
  boot: string
  /** Monotonic in one boot, and the same for all processes. */
  ms: number
  /** ms since 1970, as the wall clock said. */
  wall: number
}

/** CLOCK_MONOTONIC (clock_gettime(2)): it stands still while the machine is suspended, as does whoever holds a lease there. */
export const momentNow = (): Moment => ({
  boot: bootId(),
  ms: Math.floor(Number(process.hrtime.bigint()) / 1e6),
  wall: Date.now(),
})

/**
 * ms from now until `moment`. Of another boot only the wall clock knows, and that may have been set. Where no boot can be told it is
 * what passes first: a moment of before the machine was started again is over when its time is.
 */
export function msUntil(moment: Moment, now: Moment): number {
  const [monotonic, wall] = [moment.ms - now.ms, moment.wall - now.wall]
  if (moment.boot !== now.boot) return wall
  return now.boot === '' ? Math.min(monotonic, wall) : monotonic
}
