import {readdir} from 'node:fs/promises'
import path from 'node:path'

/** Paths of all files below `folder` (relative to `root`, with `/`), sorted; none when the folder does not exist. */
export async function filesBelow(/** @type {string} */ root, /** @type {string} */ folder) {
  const entries = await readdir(path.join(root, folder), {recursive: true, withFileTypes: true}).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort()
}
