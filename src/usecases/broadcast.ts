/** Broadcasts of updates: one file each in the outbox, for programs that know nothing but files. */
import { join } from 'node:path'
import { bridgeOf } from './bridge.js'
import type { RootFiles, Surroundings } from './surroundings.js'

export interface Broadcast {
  agent: string
  status: string
  ts: string
}

/**
 * Writes `<epoch>_<random>_broadcast.json`: no two of them have the same name, and a reader never sees a part of one.
 * Throws what the file system says; nothing is left behind then.
 */
export async function broadcastUpdate(
  { clock, random }: Pick<Surroundings, 'clock' | 'random'>,
  { root, files }: RootFiles,
  { agent, status, ts }: Broadcast,
): Promise<void> {
  const { outbox } = bridgeOf(root)
  const name = `${Math.floor(clock.now() / 1000)}_${random()}_broadcast.json`
  const unfinished = join(outbox, `.${name}.tmp`)
  await files.makeDirectory(outbox)
  try {
    await files.write(unfinished, `${JSON.stringify({ event: 'agent_update', agent, status, ts })}\n`, { mode: 0o644 })
    await files.rename(unfinished, join(outbox, name))
  } catch (error) {
    await files.remove(unfinished).catch(() => undefined) // the first error is the one to tell
    throw error
  }
}
