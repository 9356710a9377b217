/** Records that are asked for in the same turn are read by one call: sending a script for each takes longer than reading them. */
import type { Target } from '../../domain/operation.js'
import type { Stored } from '../contract.js'

/** Redis does nothing else meanwhile, and says nothing before it has them all; they may be large. */
const RECORDS_A_CALL = 25

interface Asked {
  target: Target
  resolve: (stored: Stored) => void
  reject: (error: unknown) => void
}

export class Reads {
  private asked: Asked[] = []

  /** `read`: the records of these targets, in their order. */
  constructor(private readonly read: (targets: Target[]) => Promise<Stored[]>) {}

  ask(target: Target): Promise<Stored> {
    if (this.asked.length === 0) queueMicrotask(() => void this.send())
    const answer = new Promise<Stored>((resolve, reject) => this.asked.push({ target, resolve, reject }))
    if (this.asked.length === RECORDS_A_CALL) void this.send()
    return answer
  }

  private async send(): Promise<void> {
    const asked = this.asked
    if (asked.length === 0) return
    this.asked = []
    try {
      const found = await this.read(asked.map(({ target }) => target))
      asked.forEach(({ resolve }, at) => resolve(found[at]!))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}
