/** The folder of our own in a root. */
import { dirname } from 'node:path'
import { makeFolder } from '../platform/make-folder.js'
import { stateFolderOf } from './socket-path.js'

/** It is closed to others (0700); what is above it is not: there stands context.json, which all may read. Returns its path. */
export function makeStateFolder(root: string): string {
  const folder = stateFolderOf(root)
  makeFolder(dirname(folder))
  makeFolder(folder, 0o700)
  return folder
}
