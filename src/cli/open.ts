/** The one way in which commands and the library come to a memory. */
import { isAbsolute } from 'node:path'
import { resolveRoot, type ResolvedRoot } from '../config/root.js'
import { withoutFolder } from '../errors/errors.js'
import type { OpenOptions } from '../memory/open.js'
import type { Surroundings } from '../usecases/surroundings.js'
import { refuseEmpty } from '../verbs/conditions.js'
import type { HandedOver } from './handed-over.js'
import type { StoreFlags } from './store-flags.js'

export interface Opened {
  memory: Surroundings['memory']
  root: ResolvedRoot
}

/** The engine is loaded here and not before: `--help` and a wrong call do not pay for it. */
export async function open(flags: StoreFlags, { operationId, pastHub }: HandedOver = {}, { makesOneCall, isOfLibrary }: Pick<OpenOptions, 'makesOneCall' | 'isOfLibrary'> = {}): Promise<Opened> {
  const { openMemory } = await import('../memory/open.js')
  const options = {
    ...openOptionsOf(flags),
    ...(operationId !== undefined && { operationId }),
    ...(pastHub === true && { pastHub }),
    ...(makesOneCall === true && { makesOneCall }),
    ...(isOfLibrary === true && { isOfLibrary }),
  }
  return { memory: await openMemory(options), root: rootOf(flags) }
}

/** Throws MemoryError `usage` for a path that begins at a working directory which is gone, and for flags that say nothing. */
export function rootOf(flags: StoreFlags): ResolvedRoot {
  refuseEmpty(flags, 'root', 'redis-url', 'redis-password-file') // of a script's variable that is not set: the usual root would be written to
  const root = resolveRoot(flags.root, process.env)
  if (!isAbsolute(root.path)) throw withoutFolder()
  return root
}

export const openOptionsOf = (flags: StoreFlags): OpenOptions => ({
  root: rootOf(flags).path,
  env: process.env,
  ...(flags['redis-url'] !== undefined && { redisUrl: flags['redis-url'] }),
  ...(flags['redis-password-file'] !== undefined && { redisPasswordFile: flags['redis-password-file'] }),
})

/** For programs that are started. */
export const environment = (): NodeJS.ProcessEnv => process.env
