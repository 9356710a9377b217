/** Chance with a seed, so that what went wrong once can be tried again. */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = (Math.imul(seed, 2_654_435_761) + 12_345) >>> 0 || 1
    for (let i = 0; i < 5; i++) this.next()
  }

  /** 0 <= x < 1 (xorshift32). */
  next(): number {
    let s = this.state
    s = (s ^ (s << 13)) >>> 0
    s ^= s >>> 17
    s = (s ^ (s << 5)) >>> 0
    this.state = s
    return s / 4_294_967_296
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }
}
