/** `--exec`: a command for a line. */
import { once } from 'node:events'
import { CommandGroup, NotStarted } from '../platform/command-group.js'
import { randomId } from '../platform/digests.js'
import { MARK } from '../platform/group-guard.js'

/** A single entry of the environment may have 128 KiB on Linux (MAX_ARG_STRLEN); beyond this, stdin has to do. */
const MAX_ENVIRONMENT_BYTES = 96 * 1024
/** Between being asked to end and being made to. */
const GRACE_MS = 2_000

/**
 * Runs `command` with /bin/sh; the line is never a part of the command: it is stdin, and MEMORY_SYNC_EVENT. Resolves when
 * it has ended, with the reason if it failed. An abort ends it, and what it has started, in other sessions too where the system tells (Linux).
 */
export async function runWithLine(command: string, line: string, signal: AbortSignal): Promise<string | undefined> {
  const fits = Buffer.byteLength(line) <= MAX_ENVIRONMENT_BYTES
  const mark = randomId()
  const marks = [process.env[MARK], mark].filter((known) => known !== undefined).join(' ') // we may be guarded ourselves
  const env = { ...process.env, [MARK]: marks, MEMORY_SYNC_EVENT: fits ? line : undefined }
  try {
    const group = await CommandGroup.start('/bin/sh', ['-c', command], { env, mark, input: `${line}\n` })
    const over = new AbortController()
    const isAborted = once(signal, 'abort', { signal: over.signal }).catch(() => undefined)
    if (!signal.aborted) await Promise.race([group.ended, isAborted])
    over.abort()
    if (signal.aborted) {
      await group.sweep(GRACE_MS)
      await group.kill()
    }
    const { code, signal: name } = await group.ended
    return code === 0 ? undefined : name === null ? `ended with exit code ${code}` : `was ended by ${name}`
  } catch (error) {
    if (error instanceof NotStarted) return error.message
    throw error
  }
}
