/** Something that is looked at again and again: on a hint at once, else after a while; never twice at the same time. */
import { messageOf } from '../errors/errors.js'
import type { Log } from './log.js'

const AFTER_FAILURE_MS = 5_000

export class Looker {
  isStopping = false
  private isWanted = false
  private running: Promise<void> | null = null
  private timer: NodeJS.Timeout | undefined
  private told: string | null = null

  /** `look` returns when to look again, ms. */
  constructor(
    private readonly look: () => Promise<number>,
    private readonly log: Log,
    private readonly what: string,
  ) {}

  /** A look that begins after this call. */
  lookNow(): void {
    if (this.isStopping) return
    this.isWanted = true
    this.running ??= this.run().finally(() => {
      this.running = null
      if (this.isWanted) this.lookNow()
    })
  }

  /** Resolves when the look that runs has ended. */
  async stop(): Promise<void> {
    this.isStopping = true
    clearTimeout(this.timer)
    await this.running
  }

  private async run(): Promise<void> {
    while (this.isWanted && !this.isStopping) {
      this.isWanted = false
      clearTimeout(this.timer)
      const next = await this.lookOnce()
      if (!this.isStopping) {
        this.timer = setTimeout(() => {
          this.lookNow()
        }, next)
      }
    }
  }

  /** What went wrong is said when it begins, not at every look. */
  private async lookOnce(): Promise<number> {
    try {
      const next = await this.look()
      this.told = null
      return next
    } catch (error) {
      const text = messageOf(error)
      if (text !== this.told) this.log.warn(`${this.what} cannot be looked at: ${text}`)
      this.told = text
      return AFTER_FAILURE_MS
    }
  }
}
