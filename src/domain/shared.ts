/** Work that is done once at a time; its outcome is good for everybody who asked before it began. */
export class Shared<T> {
  private last: Promise<unknown> = Promise.resolve()
  private next: Promise<T> | null = null

  constructor(private readonly work: () => Promise<T>) {}

  ask(): Promise<T> {
    if (this.next !== null) return this.next
    const next = this.last.then(() => {
      this.next = null
      return this.work()
    })
    this.last = next.catch(() => undefined)
    return (this.next = next)
  }

  /** When everything that was asked for is done. */
  async idle(): Promise<void> {
    await this.last
  }
}
