/**
 * A deterministic world: processes are asynchronous functions whose every effect waits at a gate, and one gate is opened at a
 * time, chosen by the seed. A killed process never gets past its gate again.
 */
export class Chance {
  private state: number
  constructor(seed: number) {
    this.state = (Math.imul(seed, 2654435761) + 12345) >>> 0 || 1
    for (let i = 0; i < 5; i++) this.next()
  }
  /** 0 <= x < 1 (xorshift32). */
  next(): number {
    let s = this.state
    s ^= s << 13
    s >>>= 0
    s ^= s >>> 17
    s ^= s << 5
    this.state = s >>> 0
    return this.state / 4294967296
  }
  chance(p: number): boolean {
    return this.next() < p
  }
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += Math.floor(this.next() * 16).toString(16)
    return text
  }
}

export class Process {
  alive = true
  /** Stopped (SIGSTOP): alive, and not run. */
  stopped = false
  finished = false
  failure: unknown
  private waiting: (() => void)[] = []

  constructor(
    readonly pid: number,
    readonly name: string,
  ) {}

  /** Every effect begins here. */
  gate(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
    })
  }

  get isReady(): boolean {
    return this.alive && !this.stopped && this.waiting.length > 0
  }

  open(): void {
    this.waiting.shift()?.()
  }

  run(main: () => Promise<void>): void {
    void main().then(
      () => {
        this.finished = true
      },
      (error: unknown) => {
        this.finished = true
        this.failure = error
      },
    )
  }

  kill(): void {
    this.alive = false
    this.waiting = []
  }
}

/** Lets everything run that needs no gate. */
export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
