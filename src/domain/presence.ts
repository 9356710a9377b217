/** Whether an agent is there, by what was seen of it: what its record says of itself may be weeks old. Pure. */

export type Presence = 'active' | 'idle' | 'stale' | 'offline'

/** Not seen for longer than this: stale. */
export const STALE_MS = 5 * 60_000
/** Seen, and nothing done for longer than this: idle. */
export const IDLE_MS = 30 * 60_000

export interface Signs {
  /** As stored. */
  status: string
  /** ms; undefined: never, or not readable. */
  lastSeen: number | undefined
  lastProgress: number | undefined
  /** Its process was on this machine, and is not any more. */
  isGone: boolean
}

/**
 * offline: it says so itself, or its process is gone; stale: not seen for five minutes, or never; idle: it says so, or has done
 * nothing for half an hour; else active.
 */
export function presenceOf({ status, lastSeen, lastProgress, isGone }: Signs, now: number): Presence {
  if (status === 'offline' || isGone) return 'offline'
  if (lastSeen === undefined || now - lastSeen > STALE_MS) return 'stale'
  if (status === 'idle' || lastProgress === undefined || now - lastProgress > IDLE_MS) return 'idle'
  return 'active'
}
