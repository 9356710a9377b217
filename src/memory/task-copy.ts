/** The YAML copy of the work items of a root, and what belongs to it. */
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import { systemClock } from '../platform/clock.js'
import { randomHex } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import { systemProcesses } from '../platform/processes.js'
import { ContextFile } from '../store/file/document.js'
import { ChainLock } from '../store/file/lock.js'
import { VersionLog } from '../store/file/versions.js'
import type { CopyPorts } from '../usecases/tasks/copy.js'
import { taskFileOf } from './task-file.js'

/** `path`: as `taskFileOf` says. Throws MemoryError `config` where its folder is missing: none is made that the config may have misspelt. */
export async function taskCopyOf(root: string, path: string, tell: CopyPorts['tell']): Promise<CopyPorts> {
  const directory = join(root, 'shared_memory', '.memory_sync', 'tasks')
  await nodeFiles.makeDirectory(directory, 0o700)
  const folder = dirname(path)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new MemoryError('config', `there is no folder ${folder} for the file that tasks.file of the config names`)
  }
  const unique = (): string => randomHex(8)
  return {
    name: basename(path),
    isNamed: path !== taskFileOf(root, {}),
    file: new ContextFile(path, directory, nodeFiles, systemClock, unique),
    versions: new VersionLog(directory, nodeFiles, systemClock),
    lock: new ChainLock(directory, nodeFiles, systemProcesses, unique),
    pause: (ms) => systemClock.pause(ms),
    tell,
  }
}
