/** The world as use cases are given it in this process. */
import { type ActorFlags, resolveAuthor } from '../config/author.js'
import type { ResolvedRoot } from '../config/root.js'
import { systemClock } from '../platform/clock.js'
import { randomId } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import type { RootFiles, Surroundings } from '../usecases/surroundings.js'

/** `flags`: who acts; without one, whom the environment names. */
export const surroundingsOf = (memory: Surroundings['memory'], flags: ActorFlags): Surroundings => ({
  memory,
  clock: systemClock,
  random: randomId,
  by: resolveAuthor(flags, process.env),
})

export const rootFilesOf = (root: ResolvedRoot): RootFiles => ({ root: root.path, files: nodeFiles })
