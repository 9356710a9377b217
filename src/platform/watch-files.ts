/** Tells when certain files of some directories may have changed: a hint, and never an error. */
import { existsSync, unwatchFile, watch, watchFile } from 'node:fs'
import { join } from 'node:path'

export interface WatchedPlace {
  directory: string
  names: readonly string[] | 'all'
}

/** Where the system gives no hints (no watches left, a file system without any), the files are looked at this often. */
const POLL_MS = 250

/** Directories that are missing now are not watched. Returns the way to end it. */
export function watchFiles(places: readonly WatchedPlace[], changed: () => void): () => void {
  const ends = places.filter(({ directory }) => existsSync(directory)).map((place) => watchPlace(place, changed))
  return () => {
    for (const end of ends) end()
  }
}

function watchPlace(place: WatchedPlace, changed: () => void): () => void {
  const { directory, names } = place
  try {
    const watcher = watch(directory, (_event, name) => {
      if (name === null || names === 'all' || names.includes(name)) changed()
    })
    watcher.on('error', () => {
      watcher.close() // the directory is gone; who watches looks now and then by itself
    })
    return () => {
      watcher.close()
    }
  } catch {
    return pollPlace(place, changed)
  }
}

function pollPlace({ directory, names }: WatchedPlace, changed: () => void): () => void {
  const paths = names === 'all' ? [directory] : names.map((name) => join(directory, name))
  const look = (): void => {
    changed()
  }
  for (const path of paths) watchFile(path, { interval: POLL_MS }, look)
  return () => {
    for (const path of paths) unwatchFile(path, look)
  }
}
