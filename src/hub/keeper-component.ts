/** One hub a root: whoever holds the keeper lock is it. */
import { reachHubOf } from '../client/connect.js'
import type { Engine } from '../core/engine-types.js'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import type { Component } from './components.js'

/** A command that is the keeper for one round, or a hub that is just ending, is done well before this. */
const GIVE_UP_MS = 3_000
const RETRY_MS = 50
const HELLO_MS = 500

export class KeeperComponent implements Component {
  readonly name = 'keeper'

  constructor(
    private readonly engine: Engine,
    private readonly root: string,
    private readonly clock: Pick<Clock, 'pause'>,
  ) {}

  /** Throws MemoryError `failed` with `details.pid` when a hub of this root runs. */
  async start(): Promise<void> {
    const deadline = performance.now() + GIVE_UP_MS
    for (;;) {
      try {
        await this.engine.start()
        return
      } catch (error) {
        const pid = holderOf(error)
        if (pid === null) throw error
        if (performance.now() >= deadline || (await this.isServed())) throw alreadyRuns(this.root, pid, error)
        await this.clock.pause(RETRY_MS)
      }
    }
  }

  stop(): Promise<void> {
    return this.engine.stop()
  }

  /** Somebody listens on the socket: the lock will not be free in a moment. */
  private async isServed(): Promise<boolean> {
    const reached = await reachHubOf(this.root, { budgetMs: HELLO_MS })
    if ('connection' in reached) reached.connection.close()
    return reached.is !== 'absent'
  }
}

/** Who holds the lock, where that is why the engine could not start. */
function holderOf(error: unknown): number | null {
  const pid = error instanceof MemoryError ? error.details['pid'] : undefined
  return typeof pid === 'number' ? pid : null
}

const alreadyRuns = (root: string, pid: number, cause: unknown): MemoryError =>
  new MemoryError('failed', `a hub of ${root} runs already: pid ${pid}`, {
    details: { pid },
    suggestions: ['memory_sync hub status shows it.', 'memory_sync hub stop ends it.'],
    cause,
  })
