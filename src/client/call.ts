/**
 * A call with a limit on how long it may take. A hub that is stopped, or that hangs, is told from one that is busy by a
 * ping: after half the budget the hub is asked for a sign of life, and only one that gives it is waited for any longer.
 */
import type { MemoryError } from '../errors/errors.js'
import { startPatience } from '../platform/patience.js'
import { type HubConnection, HubGone } from './connection.js'
import { type CallName, type LastingCall, PROTOCOL } from './protocol.js'

export interface Patience {
  /** A hub that shows no sign of life for so long is gone. */
  budgetMs: number
  /** How long a hub that lives may take for its answer. */
  answerMs: number
  /** The caller does not want it any more: the hub is told, and the answer is null, or with `hearsOut` what the hub has to say all the same. */
  signal?: AbortSignal | undefined
  /** It may have been carried out, and its answer be on its way: then it has to be undone. */
  hearsOut?: boolean
  /** As the answer is read: the hub has sent it after that, on performance.now(). */
  proven?: ((at: number) => void) | undefined
}

/**
 * The answer. Throws what the hub answered, or HubGone when there was no answer in time: whether the call was carried
 * out is not known then, and a write goes on elsewhere with the same id. Notices before the answer go to `notice`.
 */
export function callHub(
  connection: HubConnection,
  name: CallName | LastingCall,
  args: object,
  patience: Patience,
  notice: (value: unknown) => void = () => undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      watchdog.end()
      patience.signal?.removeEventListener('abort', cancel)
    }
    const fail = (error: MemoryError): void => {
      settle()
      connection.forget(n)
      reject(error)
    }
    const succeed = (answer: unknown): void => {
      settle()
      resolve(answer)
    }
    const cancel = (): void => {
      connection.cancel(n)
      if (patience.hearsOut === true) return
      connection.forget(n)
      succeed(null)
    }
    const watchdog = new Watchdog(connection, patience, fail)
    const n = connection.call(name, args, {
      notice(value) {
        watchdog.restart()
        notice(value)
      },
      ok(answer) {
        patience.proven?.(connection.provenAt)
        succeed(answer)
      },
      end: succeed,
      failed: fail,
    })
    patience.signal?.addEventListener('abort', cancel) // a call that was not sent cannot be cancelled
    watchdog.restart()
  })
}

/** The sign of life. Never throws: a connection that is gone says so to whoever waits on it. */
export function pingHub(connection: HubConnection): void {
  if (!connection.isOpen) return
  const ignore = (): undefined => undefined
  const sentAt = performance.now()
  const ok = (): void => {
    connection.provenAt = sentAt
  }
  connection.call('ping', { protocol: PROTOCOL }, { notice: ignore, ok, end: ignore, failed: ignore })
}

class Watchdog {
  private endWait: () => void = () => undefined
  private startedAt = 0
  private ended = false

  constructor(
    private readonly connection: HubConnection,
    private readonly patience: Patience,
    private readonly giveUp: (error: HubGone) => void,
  ) {}

  restart(): void {
    this.endWait()
    const { budgetMs } = this.patience
    const startedAt = (this.startedAt = performance.now())
    this.endWait = startPatience(budgetMs / 2, () => {
      this.askUntil(budgetMs / 2, startedAt)
    })
  }

  end(): void {
    this.ended = true
    this.endWait()
  }

  private askUntil(ms: number, heardSince: number): void {
    pingHub(this.connection)
    this.endWait = startPatience(ms, () => {
      if (!this.ended) this.judge(heardSince)
    })
  }

  private judge(heardSince: number): void {
    const now = performance.now()
    if (this.connection.heardAt < heardSince) {
      this.connection.close('the hub does not answer') // and everybody who waits on it hears that
    } else if (now - this.startedAt >= this.patience.answerMs) {
      this.giveUp(new HubGone('the hub lives, and takes too long for this answer', true))
    } else {
      this.askUntil(this.patience.budgetMs, now)
    }
  }
}
