/** Which root is meant, and who says so. */
import { isWithoutFolder } from '../errors/errors.js'
import { absolutePath } from '../platform/absolute-path.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ResolvedRoot {
  /** Absolute; as it was given where the working directory is gone, from which it begins. */
  path: string
  source: '--root' | 'MEMORY_SYNC_ROOT' | 'LUKA_SOT' | 'default'
}

/** `--root`, else MEMORY_SYNC_ROOT, else LUKA_SOT, else `02luka` in the home directory. What is empty counts as unset. */
export function resolveRoot(flag: string | undefined, env: Environment): ResolvedRoot {
  const named: [ResolvedRoot['source'], string | undefined][] = [
    ['--root', flag],
    ['MEMORY_SYNC_ROOT', env['MEMORY_SYNC_ROOT']],
    ['LUKA_SOT', env['LUKA_SOT']],
  ]
  for (const [source, path] of named) if (isSet(path)) return { path: fromHere(path), source }
  return { path: fromHere(`${homeOf(env)}/02luka`), source: 'default' }
}

/** A light entry asks it that cannot report: who uses the root refuses one that is not absolute. */
function fromHere(path: string): string {
  try {
    return absolutePath(path)
  } catch (error) {
    if (isWithoutFolder(error)) return path
    throw error
  }
}

/** HOME; where it is empty or unset, what the system has for this user, and / for one whom it does not know, as login(1) does. */
export function homeOf(env: Environment): string {
  if (isSet(env['HOME'])) return env['HOME']
  // Loaded only here: HOME is nearly always set, and loading a module is felt in a call of a hot verb.
  const { userInfo } = process.getBuiltinModule('node:os') // homedir() takes an empty HOME for one
  try {
    return userInfo().homedir || '/'
  } catch {
    return '/'
  }
}

export const isSet = (value: string | undefined): value is string => value !== undefined && value !== ''
