/** The surroundings of an installation, as this process has them. */
import { formatTime } from '../domain/time.js'
import { type Environment, homeOf } from '../config/root.js'
import { systemClock } from '../platform/clock.js'
import type { InstallerOptions } from './installer.js'
import { placesOf } from './places.js'

export interface ContextOptions {
  root: string
  env: Environment
  packageRoot: string
  version: string
  warn: (text: string) => void
}

export function installerOptions({ root, env, packageRoot, version, warn }: ContextOptions): InstallerOptions {
  return {
    ...{ packageRoot, version, env, warn },
    places: placesOf(env, homeOf(env), root),
    uid: process.getuid?.() ?? 0,
    execPath: process.execPath,
    clock: systemClock,
    now: () => formatTime(systemClock.now(), systemClock.offsetMinutes()),
  }
}
