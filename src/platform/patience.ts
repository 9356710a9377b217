/**
 * Waiting for another process with a limit, and fairly: only time in which this process itself was run counts. On a busy machine
 * a process may get no turn for longer than the whole budget, and the answer lies there unread.
 */

const TICKS = 8

/**
 * The same with a partner of whom something is expected again and again: patience ends when it has given no sign for `ms` meanwhile.
 * One timer for all of it: to start one for each question costs as much as sending it.
 */
export class LastingPatience {
  private isExpecting = false
  private left = TICKS
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly ms: number,
    private readonly expired: () => void,
  ) {}

  /** From now on something is expected. */
  begin(): void {
    this.isExpecting = true
    this.left = TICKS
    // It keeps no process alive: a connection on which something is expected does.
    if (this.timer === undefined) this.timer = setTimeout(() => this.tick(), this.ms / TICKS).unref()
    else this.timer.refresh()
  }

  /** It lives. */
  sign(): void {
    this.left = TICKS
  }

  /** Nothing is expected any more. */
  end(): void {
    this.isExpecting = false
  }

  private tick(): void {
    if (!this.isExpecting) return
    if (--this.left > 0) this.timer!.refresh()
    else setImmediate(() => this.decide()) // what has arrived meanwhile is read first
  }

  private decide(): void {
    if (!this.isExpecting) return
    if (this.left > 0) this.timer!.refresh()
    else this.expired()
  }
}

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
