/** `--exec`: a command for a line. */
import { once } from 'node:events'
import { CommandGroup, NotStarted } from '../platform/command-group.js'
import { randomId } from '../platform/digests.js'
import { GroupGuard, MARK } from '../platform/group-guard.js'
import { stopTogether } from './stopping.js'

/** A single entry of the environment may have 128 KiB on Linux (MAX_ARG_STRLEN); beyond this, stdin has to do. */
const MAX_ENVIRONMENT_BYTES = 96 * 1024
/** Between being asked to end and being made to. */
const GRACE_MS = 2_000

/** The same command for each line, one after the other. One that runs is ended when this process is killed, and is stopped with it. */
export class LineCommand {
  private readonly guard = new GroupGuard(randomId(), process.env['PATH'])
  private group: CommandGroup | null = null
  private readonly release = stopTogether(() => this.group)

  constructor(readonly text: string) {}

  /**
   * Runs it with /bin/sh; the line is never a part of the command: it is stdin, and MEMORY_SYNC_EVENT. Resolves when it has ended, with
   * the reason if it failed. An abort ends it, and what it has started, in other sessions too where the system tells (Linux).
   */
  async run(line: string, signal: AbortSignal): Promise<string | undefined> {
    const fits = Buffer.byteLength(line) <= MAX_ENVIRONMENT_BYTES
    const { mark } = this.guard
    const marks = [process.env[MARK], mark].filter((known) => known !== undefined).join(' ') // we may be guarded ourselves
    const env = { ...process.env, [MARK]: marks, MEMORY_SYNC_EVENT: fits ? line : undefined }
    try {
      this.group = await CommandGroup.start('/bin/sh', ['-c', this.text], { env, mark, input: `${line}\n` })
      return await this.untilEnded(this.group, signal)
    } catch (error) {
      if (error instanceof NotStarted) return error.message
      throw error
    } finally {
      this.group = null
      this.guard.next(randomId())
    }
  }

  private async untilEnded(group: CommandGroup, signal: AbortSignal): Promise<string | undefined> {
    this.guard.guard(group.pid)
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
  }

  /** When none runs any more. */
  async end(): Promise<void> {
    this.release()
    await this.guard.dismiss()
  }
}
