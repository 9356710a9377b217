/** Keeps the logs of an installation within bounds: what was in one before is in `<name>.1`. */
import { constants, copyFileSync, lstatSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { giveToOwner } from '../platform/owner.js'

export const MAX_LOG_BYTES = 8 * 1024 * 1024

/** What keeps the hub running holds them open for appending: they are emptied in place. */
const HELD_OPEN = ['memory_hub.out.log', 'memory_hub.err.log']
/** Whoever writes here opens it for one line. */
const OPENED_ANEW = ['memory_hooks.log']

/** At once, with nothing in between: no line of this process, which is the hub, falls between the copy and the emptying. */
export function rotateLogs(root: string, maxBytes = MAX_LOG_BYTES): void {
  const long = (name: string): string[] => {
    const path = join(root, 'logs', name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true && stat.size > maxBytes ? [path] : []
  }
  for (const path of HELD_OPEN.flatMap(long)) {
    rmSync(`${path}.1`, { force: true })
    copyFileSync(path, `${path}.1`, constants.COPYFILE_EXCL)
    giveToOwner(`${path}.1`)
    truncateSync(path)
  }
  for (const path of OPENED_ANEW.flatMap(long)) renameSync(path, `${path}.1`)
}
