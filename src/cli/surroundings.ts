/** The world as use cases are given it in this process. */
import { resolveAuthor } from '../config/author.js'
import type { ResolvedRoot } from '../config/root.js'
import { systemClock } from '../platform/clock.js'
import { randomId } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import type { RootFiles, Surroundings } from '../usecases/surroundings.js'

/** `by`: who acts; without it, whom the environment names. */
export const surroundingsOf = (memory: Surroundings['memory'], by: string | undefined): Surroundings => ({
  memory,
  clock: systemClock,
  random: randomId,
  by: resolveAuthor(by, process.env),
})

export const rootFilesOf = (root: ResolvedRoot): RootFiles => ({ root: root.path, files: nodeFiles })
