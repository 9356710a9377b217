/** Tells when certain files of some directories may have changed: a hint, and never an error. */
import { existsSync, readlinkSync, unwatchFile, watch, watchFile } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'

export interface WatchedPlace {
  directory: string
  /** Of one that is a link also what it leads to is watched, wherever it leads to meanwhile. */
  names: readonly string[] | 'all'
}

/** Where the system gives no hints (no watches left, a file system without any), the files are looked at this often. */
const POLL_MS = 250
/** As many as Linux follows. */
const MOST_LINKS = 40

type End = () => void
/** `isAnother`: not only the content of the file has changed. */
type Changed = (isAnother: boolean) => void

/** Directories that are missing now are not watched. Returns the way to end it. */
export function watchFiles(places: readonly WatchedPlace[], changed: () => void): End {
  const ends = places.filter(({ directory }) => existsSync(directory)).map((place) => watchWithLinks(place, changed))
  return () => {
    for (const end of ends) end()
  }
}

function watchWithLinks({ directory, names }: WatchedPlace, changed: () => void): End {
  if (names === 'all') return watchPlace({ directory, names }, changed)
  let ends: End[] = []
  const follow = (): void => {
    const before = ends
    ends = names.flatMap((name) => leadsTo(join(directory, name))).map((path) => watchPlace(presentPlaceOf(path), hint))
    for (const end of before) end()
  }
  const hint: Changed = (isAnother) => {
    if (isAnother) follow()
    changed()
  }
  const end = watchPlace({ directory, names }, hint)
  follow()
  return () => {
    for (const each of [end, ...ends]) each()
  }
}

/** Where a link leads to, and on from there; the last may be missing. */
function leadsTo(path: string): string[] {
  const paths: string[] = []
  try {
    for (let at = path; paths.length < MOST_LINKS; paths.push(at)) {
      const target = readlinkSync(at)
      at = isAbsolute(target) ? target : `${dirname(at)}/${target}` // not `join`: a folder on the way may be a link
    }
  } catch {
    // It is no link, or cannot be followed.
  }
  return paths
}

/** Where it is, or the first folder on the way to it that is missing. */
function presentPlaceOf(path: string): WatchedPlace {
  const directory = dirname(path)
  if (directory !== path && !existsSync(directory)) return presentPlaceOf(directory)
  return { directory, names: [basename(path), basename(directory)] } // under its own name it is told of a folder that it is gone
}

function watchPlace(place: WatchedPlace, changed: Changed): End {
  const { directory, names } = place
  try {
    const watcher = watch(directory, (event, name) => {
      if (name === null || names === 'all' || names.includes(name)) changed(event === 'rename')
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

function pollPlace({ directory, names }: WatchedPlace, changed: Changed): End {
  const paths = names === 'all' ? [directory] : names.map((name) => join(directory, name))
  const look = (): void => {
    changed(true)
  }
  for (const path of paths) watchFile(path, { interval: POLL_MS }, look)
  return () => {
    for (const path of paths) unwatchFile(path, look)
  }
}
