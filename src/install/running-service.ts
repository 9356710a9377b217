/** The service that runs the hub of a root, where one does. */
import { type InstallerOptions, openManagerFor } from './installer.js'
import { readRecord } from './record.js'

export interface RunningService {
  label: string
  pid: number
  /** It has ended, and does not come back by itself. */
  stop: () => Promise<void>
}

export async function runningService(options: InstallerOptions): Promise<RunningService | null> {
  const record = readRecord(options.places.config)
  if (record === null || record.service === null || record.root !== options.places.root) return null
  const { label, kind } = record.service
  const manager = await openManagerFor(options, kind)
  const state = await manager.state(label)
  return state.is === 'running' ? { label, pid: state.pid, stop: () => manager.stop(label) } : null
}
