/** When the hub has to end, and why: the first to ask decides; a second signal does not wait. */
import { constants } from 'node:os'

/** At SIGUSR1 Node would open its debugger, and go on. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const

export class Ending {
  /** Why, in words. */
  readonly asked: Promise<string>
  /** The exit code of a process that was told twice. */
  readonly forced: Promise<number>
  private resolveAsked: (reason: string) => void = () => undefined
  private resolveForced: (code: number) => void = () => undefined
  private signals = 0

  constructor() {
    this.asked = new Promise((resolve) => (this.resolveAsked = resolve))
    this.forced = new Promise((resolve) => (this.resolveForced = resolve))
    for (const signal of SIGNALS) process.on(signal, this.take)
  }

  ask(reason: string): void {
    this.resolveAsked(reason)
  }

  /** Signals have their usual effect again. */
  close(): void {
    for (const signal of SIGNALS) process.removeListener(signal, this.take)
  }

  private readonly take = (signal: (typeof SIGNALS)[number]): void => {
    this.signals++
    if (this.signals === 1) this.ask(signal)
    else this.resolveForced(128 + constants.signals[signal])
  }
}
