import {mkdtemp, realpath, rm} from 'node:fs/promises'
import {rmSync} from 'node:fs'
import path from 'node:path'
import {afterwards} from './cleanup.js'

const alive = new Set<string>()

// A test process that is ended in the middle of a test runs no hook.
process.once('exit', () => {
  for (const folder of alive) rmSync(folder, {recursive: true, force: true})
})

/**
 * A new empty folder, removed when the test (or, outside a test, the test file) ends. Always below /tmp and resolved:
 * os.tmpdir() is long on macOS, and a Unix socket's path may have 103 bytes there.
 */
export async function makeTempFolder(prefix = 'ms-'): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join('/tmp', prefix)))
  alive.add(folder)
  afterwards(() => removeTempFolder(folder))
  return folder
}

export async function removeTempFolder(folder: string): Promise<void> {
  // Processes that are just ending may still write into it.
  await rm(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 20})
  alive.delete(folder)
}
