/** An installation: its record, its lock, and the stages that are asked for. */
import type { Environment } from '../config/root.js'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { chooseManager, type ManagerKind, openManager } from '../service/choose.js'
import { lastingNodePath } from '../service/node-path.js'
import { DEFAULT_LABEL, type ServiceManager, type ServiceSpec, whyNotLabel } from '../service/service.js'
import { Applier } from './apply.js'
import type { Places } from './places.js'
import { planProgram, planSweep } from './program.js'
import { type InstallRecord, readRecord } from './record.js'
import { serviceSpec } from './service-spec.js'
import { serviceStage } from './service-stage.js'
import type { Stage } from './stages.js'

export interface InstallerOptions {
  places: Places
  /** Of the program that runs now. */
  packageRoot: string
  version: string
  env: Environment
  uid: number
  /** Of the Node that runs now. */
  execPath: string
  clock: Clock
  now: () => string
  warn: (text: string) => void
}

export interface ServiceChoice {
  label?: string | undefined
  manager?: ManagerKind | undefined
}

export class Installer {
  readonly applier: Applier
  private readonly changedStages = new Set<string>()

  private constructor(
    readonly options: InstallerOptions,
    readonly record: InstallRecord,
  ) {
    this.applier = new Applier(options.places.config, record, options.warn)
  }

  /** Throws MemoryError `failed` when another root is installed. */
  static open(options: InstallerOptions): Installer {
    const { places, version, now } = options
    const found = readRecord(places.config)
    if (found !== null && found.root !== places.root) {
      throw new MemoryError('failed', `memory_sync is installed for another root: ${found.root}`, {
        suggestions: [`memory_sync rollback --root '${found.root}' takes that back first; its data stays`],
      })
    }
    const fresh: InstallRecord = {
      ...{ format: 1, version, root: places.root, startedAt: now(), finishedAt: null, redis: null, service: null },
      entries: [],
    }
    return new Installer(options, found === null ? fresh : { ...found, version, finishedAt: null })
  }

  noteChanged(stage: string): void {
    this.changedStages.add(stage)
  }

  begin(): void {
    this.applier.begin()
  }

  finish(): void {
    this.record.finishedAt = this.options.now()
    this.applier.save()
  }

  programStage(): Stage {
    const { places, packageRoot, version } = this.options
    return { name: 'program', title: 'Program', plan: () => planProgram(places, packageRoot, version) }
  }

  /** After everything runs: what an upgrade has left. */
  sweepStage(): Stage {
    const { places, version } = this.options
    const trees = this.record.entries.filter(({ after }) => after.is === 'tree').map(({ path }) => path)
    return { name: 'sweep', title: 'Earlier versions', plan: () => planSweep(places, version, trees) }
  }

  async serviceStage(choice: ServiceChoice): Promise<Stage> {
    const { manager, spec } = await this.service(choice)
    const { places, clock } = this.options
    return serviceStage({
      ...{ manager, spec, places, clock, record: this.record },
      save: () => {
        this.applier.save()
      },
      mustRestart: () => ['program', 'settings'].some((stage) => this.changedStages.has(stage)),
    })
  }

  /** What is told to which manager. A label and a manager that were installed stay, unless another is asked for. */
  async service({ label, manager: kind }: ServiceChoice): Promise<{ manager: ServiceManager; spec: ServiceSpec }> {
    const { places, env, execPath } = this.options
    const installed = this.record.service
    const chosen = label ?? installed?.label ?? DEFAULT_LABEL
    const whyNot = whyNotLabel(chosen)
    if (whyNot !== null) throw new MemoryError('usage', `the label ${JSON.stringify(chosen)} cannot be used: ${whyNot}`)
    if (installed !== null && (chosen !== installed.label || (kind ?? installed.kind) !== installed.kind)) {
      throw new MemoryError('failed', `the service is installed as ${installed.label} (${installed.kind})`, {
        suggestions: ['memory_sync install-agent --uninstall removes it first'],
      })
    }
    const manager = await openManagerFor(this.options, kind ?? installed?.kind)
    return { manager, spec: serviceSpec({ places, label: chosen, env, nodePath: lastingNodePath(execPath) }) }
  }
}

export function openManagerFor(options: Pick<InstallerOptions, 'env' | 'uid' | 'places' | 'clock'>, kind: ManagerKind | undefined): Promise<ServiceManager> {
  const { env, uid, clock, places } = options
  const managerOptions = { env: { ...env }, uid, clock, home: places.home, configFolder: places.config }
  return kind === undefined ? chooseManager(managerOptions) : openManager(kind, managerOptions)
}
