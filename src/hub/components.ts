/** The hub is a list of components: started in order, stopped in reverse. */
import { messageOf } from '../errors/errors.js'
import type { Log } from './log.js'

export interface Component {
  readonly name: string
  /** Rejects when it cannot run; then it has left nothing behind. */
  start(): Promise<void>
  /** Finishes what it is doing. Called only after a start that resolved. */
  stop(): Promise<void>
}

/** Starts all, or none: when one fails, those before it are stopped again, and its error is thrown. */
export async function startAll(components: readonly Component[], log: Log): Promise<void> {
  const started: Component[] = []
  for (const component of components) {
    try {
      await component.start()
    } catch (error) {
      await stopAll(started, log)
      throw error
    }
    started.push(component)
  }
}

/** Every one is stopped, whatever the others do. False when one of them failed. */
export async function stopAll(components: readonly Component[], log: Log): Promise<boolean> {
  let clean = true
  for (const component of [...components].reverse()) {
    try {
      await component.stop()
    } catch (error) {
      clean = false
      log.error(`stopping the ${component.name} failed: ${messageOf(error)}`)
    }
  }
  return clean
}
