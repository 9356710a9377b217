/** Waiting for whatever comes first: a call, the time, or the end. A call while nobody waits is not lost. */
export class Turn {
  private isWoken = false
  private resume: () => void = () => undefined
  private readonly over = (): void => {
    this.isOver = true
    this.resume()
  }
  isOver: boolean

  constructor(private readonly signal?: AbortSignal) {
    this.isOver = signal?.aborted === true
    signal?.addEventListener('abort', this.over, { once: true })
  }

  wake(): void {
    this.isWoken = true
    this.resume()
  }

  async within(ms: number): Promise<void> {
    if (!this.isWoken && !this.isOver && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.resume = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.isWoken = false
    this.resume = () => undefined
  }

  end(): void {
    this.signal?.removeEventListener('abort', this.over)
  }
}
