/** Where an installation puts what, for one user and one root. */
import { isAbsolute, join } from 'node:path'
import type { Environment } from '../config/root.js'

export interface Places {
  home: string
  root: string
  /** Settings, record, backups. */
  config: string
  /** The program, and the private Redis. */
  data: string
  /** A folder that is on the PATH of interactive shells. */
  bin: string
}

export function placesOf(env: Environment, home: string, root: string): Places {
  return {
    home,
    root,
    config: join(named(env['XDG_CONFIG_HOME']) ?? join(home, '.config'), 'memory_sync'),
    data: join(named(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'memory_sync'),
    bin: join(home, '.local', 'bin'),
  }
}

/** A relative path counts as none, as the XDG rules say: it would be another place in each folder. */
const named = (value = ''): string | undefined => (isAbsolute(value) ? value : undefined)

export const versionFolder = (places: Places, version: string): string => join(places.data, version)
/** A link to the version that is installed. */
export const currentLink = (places: Places): string => join(places.data, 'current')
export const programOf = (places: Places): string => join(currentLink(places), 'bin', 'run.js')
export const launcherOf = (places: Places): string => join(currentLink(places), 'bin', 'launch.sh')
/** What is called by its name. */
export const commandOf = (places: Places): string => join(places.bin, 'memory_sync')
export const redisFolder = (places: Places): string => join(places.data, 'redis')
export const configFile = (places: Places): string => join(places.config, 'config.json')
export const logFile = (places: Places, stream: 'out' | 'err'): string => join(places.root, 'logs', `memory_hub.${stream}.log`)
