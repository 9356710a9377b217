/** Tells when certain files of some directories may have changed: a hint, and never an error. */
import { existsSync, type FSWatcher, watch } from 'node:fs'

/** Directories that are missing now are not watched. Returns the way to end it. */
export function watchFiles(places: readonly { directory: string; names: readonly string[] | 'all' }[], changed: () => void): () => void {
  const watchers: FSWatcher[] = []
  for (const { directory, names } of places) {
    if (!existsSync(directory)) continue
    const watcher = watch(directory, (_event, name) => {
      if (name === null || names === 'all' || names.includes(name)) changed()
    })
    watcher.on('error', () => {
      watcher.close() // the directory is gone; who watches looks now and then by itself
    })
    watchers.push(watcher)
  }
  return () => {
    for (const watcher of watchers) watcher.close()
  }
}
