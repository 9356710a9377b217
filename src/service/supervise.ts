/** Where neither launchd nor systemd runs: starts the hub, and starts it again when it ends, until SIGTERM. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { MemoryError, messageOf } from '../errors/errors.js'
import { startDetached } from '../platform/children.js'
import { identify, type ProcessIdentity, systemProcesses } from '../platform/processes.js'
import type { LastExit } from './service.js'
import { readSpec, readState, removeState, type SupervisorSpec, writeState } from './supervisor-files.js'

/** An end so soon after a start is a failure, and the next start waits longer. */
const HEALTHY_MS = 10_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** Longer than a hub allows itself for its end. */
const END_MS = 15_000
const SAY_AGAIN_MS = 1_000

/** Runs until SIGTERM, SIGINT or SIGUSR1; then the hub has ended as well. Throws MemoryError when another supervisor of this label lives. */
export async function supervise(specFile: string, env: NodeJS.ProcessEnv): Promise<void> {
  const spec = readSpec(specFile)
  const folder = dirname(specFile)
  const other = readState(folder, spec.label)?.supervisor
  if (other !== undefined && systemProcesses.isAlive(other)) {
    throw new MemoryError('failed', `${spec.label} is supervised already: pid ${other.pid}`, { details: { pid: other.pid } })
  }
  await new Supervisor(spec, folder, env).run()
}

class Supervisor {
  private isEnding = false
  private readonly self = systemProcesses.self()
  private child: ChildProcess | null = null
  private hub: ProcessIdentity | null = null
  private sayAgain: NodeJS.Timeout | undefined
  private wake: () => void = () => undefined
  private failures = 0
  private lastExit: LastExit | null = null

  constructor(
    private readonly spec: SupervisorSpec,
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  async run(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) {
      process.on(signal, () => {
        this.end()
      })
    }
    process.on('SIGHUP', () => undefined) // the terminal that it was started from is closed
    this.write() // what nobody can find nobody can end: then it does not begin
    while (!this.isEnding) {
      const startedAt = performance.now()
      this.lastExit = await this.runOnce()
      this.failures = performance.now() - startedAt >= HEALTHY_MS ? 0 : this.failures + 1
      this.say(null)
      if (!this.isEnding) await this.pause()
    }
    clearTimeout(this.sayAgain)
    removeState(this.folder, this.spec.label)
  }

  private async runOnce(): Promise<LastExit> {
    const { program, args, environment, directory, stdout, stderr } = this.spec
    const [file, ...first] = program
    try {
      const env = { ...this.env, ...environment }
      const child = await startDetached(file, [...first, ...args], { env, cwd: directory, stdout, stderr })
      this.child = child
      this.say(child.pid ?? null)
      if (this.isEnding) this.end()
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      await ended
      return child.signalCode === null ? { code: child.exitCode ?? 1 } : { signal: child.signalCode }
    } catch (error) {
      process.stderr.write(`memory_sync supervisor: the hub cannot be started: ${messageOf(error)}\n`)
      return { code: 127 }
    } finally {
      this.child = null
    }
  }

  private end(): void {
    this.isEnding = true
    this.wake()
    const { child } = this
    if (child === null) return
    child.kill('SIGTERM')
    child.kill('SIGCONT') // one that was suspended takes it only when it goes on
    setTimeout(() => child.kill('SIGKILL'), END_MS).unref()
  }

  private pause(): Promise<void> {
    const ms = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, this.failures - 1), LONGEST_PAUSE_MS)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private say(pid: number | null): void {
    this.hub = pid === null ? null : identify(pid)
    this.tryToWrite()
  }

  /** A disk that takes nothing keeps no hub from being kept running: it is said when there is room again. */
  private tryToWrite(): void {
    clearTimeout(this.sayAgain)
    try {
      this.write()
      this.sayAgain = undefined
    } catch (error) {
      if (this.sayAgain === undefined) process.stderr.write(`memory_sync supervisor: what it does cannot be written down: ${messageOf(error)}\n`)
      this.sayAgain = setTimeout(() => {
        this.tryToWrite()
      }, SAY_AGAIN_MS)
    }
  }

  private write(): void {
    const { self, hub, failures, lastExit } = this
    writeState(this.folder, this.spec.label, { supervisor: self, hub, failures, lastExit })
  }
}
