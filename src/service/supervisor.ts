/** A hub without launchd or systemd (a container): detached, and kept running by a small process of ours. */
import { MemoryError, messageOf } from '../errors/errors.js'
import { startDetached } from '../platform/children.js'
import type { Clock } from '../platform/clock.js'
import { type ProcessIdentity, signalProcess, systemProcesses } from '../platform/processes.js'
import { type Definition, LOOP_STARTS, type ServiceManager, type ServiceSpec, type ServiceState } from './service.js'
import { readSpec, readState, removeState, specFileOf, supervisorFolderOf } from './supervisor-files.js'

export interface SupervisorOptions {
  /** Ours: `$XDG_CONFIG_HOME/memory_sync`. */
  configFolder: string
  clock: Pick<Clock, 'pause'>
}

const START_MS = 15_000
/** Longer than the supervisor gives the hub. */
const STOP_MS = 20_000
const POLL_MS = 50

export class SupervisorManager implements ServiceManager {
  readonly kind = 'supervisor'
  readonly name = 'a supervisor of memory_sync itself'
  readonly notes = [
    'neither launchd nor systemd runs for this user: the hub is kept running by a process of its own, which does not come back after a reboot (memory_sync install-agent starts it again)',
  ]
  private readonly folder: string

  constructor(private readonly options: SupervisorOptions) {
    this.folder = supervisorFolderOf(options.configFolder)
  }

  definition(spec: ServiceSpec): Definition {
    const text = `${JSON.stringify(spec, null, 2)}\n`
    return { files: [{ path: specFileOf(this.folder, spec.label), text, mode: 0o600 }], links: [] }
  }

  state(label: string): Promise<ServiceState> {
    return Promise.resolve(this.look(label))
  }

  async start(label: string): Promise<void> {
    await this.stop(label)
    const file = specFileOf(this.folder, label)
    const { program, environment, directory, stdout, stderr } = readSpec(file)
    const [command, ...first] = program
    try {
      // None of this shell's variables: it runs as a service runs elsewhere, and after the next start.
      const child = await startDetached(command, [...first, 'hub', 'supervise', file], { env: environment, cwd: directory, stdout, stderr })
      child.unref()
    } catch (error) {
      throw new MemoryError('failed', `the supervisor cannot be started: ${messageOf(error)}`, { cause: error })
    }
    if (await this.until(() => readState(this.folder, label) !== null, START_MS)) return
    throw new MemoryError('failed', 'the supervisor did not begin its work', { suggestions: [`look into ${stderr}`] })
  }

  async stop(label: string): Promise<void> {
    const state = readState(this.folder, label)
    // A supervisor that was killed leaves its hub behind.
    for (const who of state === null ? [] : [state.supervisor, state.hub]) if (who !== null) await this.end(who)
    removeState(this.folder, label)
  }

  forget(): Promise<void> {
    return Promise.resolve()
  }

  private look(label: string): ServiceState {
    const state = readState(this.folder, label)
    if (state === null) return { is: 'absent' }
    const { supervisor, hub, failures, lastExit } = state
    const hubRuns = hub !== null && systemProcesses.isAlive(hub)
    if (!systemProcesses.isAlive(supervisor)) {
      const reason = hubRuns ? `its supervisor is gone, and nobody restarts the hub (pid ${hub.pid})` : 'its supervisor is gone'
      return { is: 'stopped', lastExit, reason }
    }
    if (hubRuns) return { is: 'running', pid: hub.pid, starts: failures + 1, lastExit }
    return failures >= LOOP_STARTS ? { is: 'crash-loop', starts: failures, lastExit } : { is: 'waiting', lastExit }
  }

  private async end(who: ProcessIdentity): Promise<void> {
    const gone = (): boolean => !systemProcesses.isAlive(who)
    if (gone()) return
    signalProcess(who, 'SIGTERM')
    signalProcess(who, 'SIGCONT') // one that was suspended takes it only when it goes on
    if (await this.until(gone, STOP_MS)) return
    signalProcess(who, 'SIGKILL')
    if (await this.until(gone, STOP_MS)) return
    throw new MemoryError('failed', `process ${who.pid} does not end`, { details: { pid: who.pid } })
  }

  private async until(condition: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms
    while (!condition()) {
      if (performance.now() >= deadline) return false
      await this.options.clock.pause(POLL_MS)
    }
    return true
  }
}
