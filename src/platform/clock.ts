export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Minutes east of UTC, for times as they are written. */
  offsetMinutes(): number
  /** Resolves after that long. */
  pause(ms: number): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  offsetMinutes: () => -new Date().getTimezoneOffset(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}
