/** The command line of this process, from its start to its exit code. */
import { fileURLToPath } from 'node:url'
import { Errors, run } from '@oclif/core'
import { reportFailure } from './failure.js'
import { guardStreams } from './streams.js'

/**
 * Runs the command and ends the process: a client of a Redis that has fallen silent, or a pipe nobody reads, would keep it
 * alive. `importMetaUrl` is that of bin/run.js, where oclif looks for the package.
 */
export async function main(importMetaUrl: string): Promise<void> {
  guardStreams()
  process.exit(await exitCodeOfRun(process.argv.slice(2), importMetaUrl))
}

async function exitCodeOfRun(argv: string[], importMetaUrl: string): Promise<number> {
  try {
    // Plugins are looked for in ~/.local/share/memory_sync, which is where we install ourselves: none of it is oclif's.
    await run(argv, { root: fileURLToPath(importMetaUrl), userPlugins: false, devPlugins: false })
    return 0
  } catch (error) {
    if (error instanceof Errors.ExitError) return error.oclif.exit ?? 1
    return reportFailure(error, { json: asksForJson(argv) })
  }
}

/** For errors before there is a command that could tell. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json')
}
