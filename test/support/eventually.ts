import {setTimeout as delay} from 'node:timers/promises'

export interface EventuallyOptions {
  timeoutMs?: number
  intervalMs?: number
  /** What is awaited, for the message: "the hub answers". */
  what?: string
}

/**
 * Polls until `attempt` returns something other than false, null or undefined without throwing, and returns that (an
 * attempt that consists of `expect`s has to end with `return true`). After `timeoutMs` it throws, with the last error
 * as the cause and in the message. `attempt` runs at least once.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  {timeoutMs = 5_000, intervalMs = 10, what = 'the condition'}: EventuallyOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const result = await attempt()
      if (result !== false && result !== undefined && result !== null) return result as NonNullable<Exclude<T, false>>
      last = new Error(`the last attempt returned ${String(result)}`)
    } catch (error) {
      last = error
    }

    if (performance.now() >= deadline) {
      const reason = last instanceof Error ? last.message : String(last)
      throw new Error(`${what} did not come true within ${timeoutMs} ms: ${reason}`, {cause: last})
    }

    await delay(intervalMs)
  }
}
