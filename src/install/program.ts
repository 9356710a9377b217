/** The program in a place of its own: a service must not point into a clone that somebody moves, or into a cache. */
import fs from 'node:fs'
import { MemoryError } from '../errors/errors.js'
import type { Intent, Step } from './intent.js'
import { currentLink, type Places, versionFolder } from './places.js'
import { programFiles } from './tree.js'

/** `packageRoot`: of the program that runs now. Throws MemoryError `failed` when it is not built. */
export function planProgram(places: Places, packageRoot: string, version: string): Step {
  const path = versionFolder(places, version)
  const link: Intent = { do: 'link', path: currentLink(places), target: version }
  const title = `Program ${version} in ${path}`
  const ours = [path, link.path]
  if (isSame(packageRoot, path)) return { name: 'program', title, intents: [link], ours }
  const files = programFiles(packageRoot)
  if (!files.some(({ path: name }) => name.startsWith('dist/'))) {
    throw new MemoryError('failed', `${packageRoot} has no build to install`, { suggestions: ['npm run build'] })
  }
  return { name: 'program', title, intents: [{ do: 'tree', path, files }, link], ours }
}

/**
 * When another version runs, those before it may go, but for the last of them: what was started from it (a command under a lease, a
 * watcher) still loads parts of it. `ours`: version folders that the record knows, oldest first.
 */
export function planSweep(places: Places, version: string, ours: readonly string[]): Step {
  const keep = versionFolder(places, version)
  const others = ours.filter((path) => path !== keep)
  const intents = others.slice(0, -1).map((path): Intent => ({ do: 'remove', path }))
  return { name: 'sweep', title: 'Earlier versions', intents }
}

function isSame(a: string, b: string): boolean {
  try {
    return fs.realpathSync(a) === fs.realpathSync(b)
  } catch {
    return false // it is not there yet
  }
}
