/** The folder outside all roots in which sockets of roots with long paths are; the same for all of a user's programs. */
import { rmdirSync } from 'node:fs'
import { shortFolderOf } from '../../src/hub/socket-location.js'

/** Where nobody has a socket in it. */
export function removeShortFolder(): void {
  try {
    rmdirSync(shortFolderOf(process.getuid?.() ?? 0))
  } catch {
    // It is in use, or gone.
  }
}
