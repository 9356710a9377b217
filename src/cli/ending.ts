/** A command that has something to put away before a signal ends it. */
import { ENDING_SIGNALS, type EndingSignal, exitCodeOfSignal } from '../verbs/exit-codes.js'

/** What `work` came to; or, when a signal came and it was told, the exit code: 128 + n. */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<{ result: T } | { code: number }> {
  const controller = new AbortController()
  let came: EndingSignal | undefined
  const end = (signal: EndingSignal): void => {
    came ??= signal
    controller.abort()
  }
  for (const signal of ENDING_SIGNALS) process.on(signal, end)
  try {
    return { result: await work(controller.signal) }
  } catch (error) {
    if (came === undefined) throw error
    return { code: exitCodeOfSignal(came) }
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, end)
  }
}
