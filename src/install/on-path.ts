/** What somebody gets who types memory_sync. */
import { realpathSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { findProgram } from '../platform/children.js'
import { commandOf, type Places } from './places.js'

export interface OnPath {
  isOnPath: boolean
  /** Another program of that name, which is called in place of ours; null: there is none. */
  before: string | null
}

/** `path`: of a shell. */
export function onPath(places: Places, path = ''): OnPath {
  const folders = path.split(':').map((folder) => (isAbsolute(folder) ? resolve(folder) : folder))
  const at = folders.indexOf(places.bin)
  const found = at < 0 ? null : findProgram('memory_sync', folders.slice(0, at).join(':'))
  return { isOnPath: at >= 0, before: found !== null && !isSame(found, commandOf(places)) ? found : null }
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b)
  } catch {
    return false // ours is not there yet
  }
}
