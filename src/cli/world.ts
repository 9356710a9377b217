/** The world of this process, for a verb that it performs itself. */
import type { VerbCall } from '../verbs/shape.js'
import type { World } from '../verbs/verb.js'
import type { HandedOver } from './handed-over.js'
import { open } from './open.js'
import { textOf } from './stdin.js'
import { rootFilesOf, surroundingsOf } from './surroundings.js'

/** Nothing is connected to before it is used. Throws MemoryError for settings that cannot be used. */
export async function openWorld({ flags }: VerbCall, handedOver: HandedOver): Promise<World & { close(): Promise<void> }> {
  const { memory, root } = await open(flags, handedOver, { makesOneCall: true })
  return {
    surroundings: surroundingsOf(memory, { by: flags['by'] }),
    rootFiles: rootFilesOf(root),
    textOf,
    close: () => memory.close(),
  }
}
