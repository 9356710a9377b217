/** How far the rounds of a hub have come, and who waits for one. */
export class RoundsDone {
  private asked = 0
  private done = 0
  private waiting: (() => void)[] = []

  /** A round is wanted that begins after this. Returns its number. */
  ask(): number {
    return ++this.asked
  }

  /** A round begins. Returns the number of the last that was asked for. */
  begin(): number {
    return this.asked
  }

  /** A round that had begun with this number is over, whatever came of it. */
  end(number: number): void {
    this.done = number
    for (const resume of this.waiting.splice(0)) resume()
  }

  isDone(number: number): boolean {
    return this.done >= number
  }

  /** Resolves when it is done, when `isOver`, or after `ms`. */
  async wait(number: number, ms: number, isOver: () => boolean): Promise<void> {
    const until = performance.now() + ms
    while (!this.isDone(number) && performance.now() < until && !isOver()) await this.next(until)
  }

  private next(until: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, until - performance.now()))
      this.waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
