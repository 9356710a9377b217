/** The data of an installation, for who wants it gone as well: it is in no backup. */
import fs from 'node:fs'
import { join } from 'node:path'
import { logFile, type Places, redisFolder } from './places.js'

/** What is there of it. The keys in a Redis of others are not ours to delete, nor are drops and what was kept for others. */
export function dataOf(places: Places): string[] {
  const shared = join(places.root, 'shared_memory')
  const logs = [logFile(places, 'out'), logFile(places, 'err'), join(places.root, 'logs', 'memory_hooks.log')]
  const rotated = logs.flatMap((path) => [path, `${path}.1`])
  return [...['context.json', 'prp_status.yaml', '.memory_sync'].map((name) => join(shared, name)), redisFolder(places), ...rotated].filter(
    (path) => fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  )
}

/** Links are removed, not followed. */
export function purge(paths: readonly string[]): void {
  for (const path of paths) fs.rmSync(path, { recursive: true, force: true, maxRetries: 3 })
}
