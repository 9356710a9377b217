export interface Clock {
  /** ms since 1970. */
  now(): number
  /** ms since some moment, to be compared with other such times of this process alone. Nobody sets it, as `now` may be: for how long something takes. */
  ticks(): number
  /** Minutes east of UTC, for times as they are written. */
  offsetMinutes(): number
  /** Resolves after that long. */
  pause(ms: number): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => process.uptime() * 1_000, // performance.now() would load a module, which a process that makes one call has no time for
  offsetMinutes: () => -new Date().getTimezoneOffset(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}
