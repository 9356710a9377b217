/** Where the YAML copy of the work items of a root is. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { TasksConfig } from '../config/file.js'
import { MemoryError } from '../errors/errors.js'

const DEFAULT_NAME = 'prp_status.yaml'

/** Below the root: what memory_sync itself writes, reads or takes away. */
const OURS = [join('shared_memory', 'context.json'), join('shared_memory', '.memory_sync'), join('bridge', 'memory'), 'logs']

/** Absolute; null: none is kept. Throws MemoryError `config` where it would take the place of something that the root needs. */
export function taskFileOf(root: string, { file }: TasksConfig): string | null {
  if (file === null) return null
  if (file === undefined) return join(root, 'shared_memory', DEFAULT_NAME)
  const path = resolve(root, file)
  const ours = ownPlaceAt(root, path)
  if (ours === undefined) return path
  throw new MemoryError('config', `tasks.file of the config names ${path}, but ${ours} is for memory_sync itself`, {
    suggestions: [`name another file, or leave it out: the copy is shared_memory/${DEFAULT_NAME} then`],
  })
}

/** The place of memory_sync's own in which something would be; undefined: in none. */
export function ownPlaceAt(root: string, path: string): string | undefined {
  const real = realOf(path)
  return OURS.map((name) => join(root, name)).find((place) => isWithin(realOf(place), real))
}

/** Without links, as far as it is there. */
function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(realOf(dirname(path)), basename(path))
  }
}

const isWithin = (folder: string, path: string): boolean => !/^\.\.(\/|$)/.test(relative(folder, path))
