/** Commands that run another one under a lease: its start, the signals that are passed to it, and what it ends with. */
import { constants, uptime } from 'node:os'
import { MemoryError } from '../errors/errors.js'
import { CommandGroup, NotStarted } from '../platform/command-group.js'
import { GroupGuard, MARK } from '../platform/group-guard.js'
import { formatHolder } from '../platform/processes.js'
import { stopTogether } from './stopping.js'
import { type RunRequest, runUnderLock, type RunWorld } from '../usecases/lock-run.js'
import type { Surroundings } from '../usecases/surroundings.js'

const PASSED = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

export interface Command {
  file: string
  args: readonly string[]
}

/** Throws MemoryError `usage`. What is before "--" is ours, what is behind it the command's. */
export function splitAtDashes(argv: readonly string[], example: string): { own: string[]; command: Command } {
  const at = argv.indexOf('--')
  const [file, ...args] = at < 0 ? [] : argv.slice(at + 1)
  if (file === undefined || file === '') {
    throw new MemoryError('usage', 'the command that is to be run is missing', { suggestions: [`it stands behind "--": ${example}`] })
  }
  return { own: argv.slice(0, at), command: { file, args } }
}

/**
 * The exit code: that of the command, 126 or 127 where it could not be started, 128 + n after a signal that came before. Throws
 * MemoryError as `runUnderLock` does.
 */
export async function runCommandUnderLock(
  surroundings: Surroundings,
  request: Omit<RunRequest, 'signal'>,
  { file, args }: Command,
  notes: { warn: (text: string) => void; notStarted: (error: MemoryError) => Promise<unknown> },
): Promise<number> {
  const guard = new GroupGuard(surroundings.random(), process.env['PATH'])
  const signals = new PassedSignals()
  const world: RunWorld = {
    guard,
    process: formatHolder(guard.identity),
    watch: { now: () => performance.now(), sinceBoot: () => uptime() * 1_000 },
    onContinued: (listener) => (signals.continued = listener),
    warn: notes.warn,
    start: async (extra) => {
      const marks = [process.env[MARK], guard.mark].filter((mark) => mark !== undefined).join(' ')
      const group = await CommandGroup.start(file, args, { env: { ...process.env, ...extra, [MARK]: marks }, mark: guard.mark })
      signals.passTo(group)
      return group
    },
  }
  try {
    return (await runUnderLock(surroundings, { ...request, signal: signals.abort.signal }, world)).code
  } catch (error) {
    if (error instanceof NotStarted) {
      const suggestions = ['name a program that is on the PATH, or the path of one that may be executed']
      await notes.notStarted(new MemoryError('failed', `${JSON.stringify(file)} cannot be run: ${error.message}`, { suggestions }))
      return error.code
    }
    if (signals.cameBefore !== undefined) return 128 + constants.signals[signals.cameBefore]
    throw error
  } finally {
    signals.release()
    await guard.dismiss()
  }
}

class PassedSignals {
  readonly abort = new AbortController()
  /** Before there was a command to pass it to. */
  cameBefore: NodeJS.Signals | undefined
  continued: () => void = () => undefined
  private group: CommandGroup | null = null
  private readonly endStopping = stopTogether(
    () => this.group,
    () => {
      this.continued()
    },
  )

  constructor() {
    for (const name of PASSED) process.on(name, this.take)
  }

  passTo(group: CommandGroup): void {
    this.group = group
  }

  release(): void {
    for (const name of PASSED) process.off(name, this.take)
    this.endStopping()
  }

  private readonly take = (name: NodeJS.Signals): void => {
    if (this.group !== null) this.group.signal(name)
    else if (name !== 'SIGWINCH' && name !== 'SIGUSR2') {
      this.cameBefore ??= name
      this.abort.abort()
    }
  }
}
