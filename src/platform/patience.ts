/**
 * Waiting for another process with a limit, and fairly: only time in which this process itself was run counts. On a busy machine
 * a process may get no turn for longer than the whole budget, and the answer lies there unread.
 */

const TICKS = 8

/** Calls `expired` after `ms` in small steps, each counted once however late it comes. Returns the way to end it. */
export function startPatience(ms: number, expired: () => void): () => void {
  let left = TICKS
  let ended = false
  const tick = (): void => {
    left--
    // What has arrived meanwhile is read first: timers come before input in a turn of the event loop.
    if (left <= 0) {
      setImmediate(() => {
        if (!ended) expired()
      })
    } else timer = setTimeout(tick, ms / TICKS)
  }
  let timer = setTimeout(tick, ms / TICKS)
  return () => {
    ended = true
    clearTimeout(timer)
  }
}
