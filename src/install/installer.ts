/** An installation: its record, its lock, and the stages that are asked for. */
import { isAbsolute } from 'node:path'
import type { Environment } from '../config/root.js'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { chooseManager, type ManagerKind, openManager } from '../service/choose.js'
import { lastingNodePath } from '../service/node-path.js'
import { DEFAULT_LABEL, type ServiceManager, type ServiceSpec, whyNotLabel } from '../service/service.js'
import { Applier } from './apply.js'
import { type DispatcherOptions, planDispatchers } from './dispatchers.js'
import { planDropIns } from './drop-ins.js'
import type { Places } from './places.js'
import { planProgram, planSweep } from './program.js'
import type { ProofOptions } from './proof.js'
import { type InstallRecord, readRecord } from './record.js'
import type { RedisChoice, RedisDecision } from './redis.js'
import { planRoot } from './root.js'
import { serviceSpec } from './service-spec.js'
import { serviceStage } from './service-stage.js'
import { describe, planSettings } from './settings.js'
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
    private readonly asRead: string,
  ) {
    this.applier = new Applier(options.places.config, record, options.warn)
  }

  /** Throws MemoryError `config` for a HOME that is relative, and `failed` when another root is installed. */
  static open(options: InstallerOptions): Installer {
    const { places, version, now } = options
    refuseRelative(places.home)
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
    const record = found === null ? fresh : { ...found, version, finishedAt: null }
    return new Installer(options, record, JSON.stringify(found))
  }

  noteChanged(stage: string): void {
    this.changedStages.add(stage)
  }

  noteTestAgent(isThere: boolean): void {
    if (isThere) this.record.testAgent = true
    else delete this.record.testAgent // a version that does not know it reads the record as well
    this.applier.save()
  }

  /** Throws MemoryError `failed` when another installation has gone on since this one looked. */
  begin(made: readonly string[]): void {
    if (JSON.stringify(readRecord(this.options.places.config)) !== this.asRead) {
      throw new MemoryError('failed', 'another installation has changed something meanwhile', { suggestions: ['run it again'] })
    }
    this.applier.begin(made)
  }

  finish(): void {
    this.record.finishedAt = this.options.now()
    this.applier.save()
  }

  programStage(): Stage {
    const { places, packageRoot, version } = this.options
    return { name: 'program', title: 'Program', plan: () => planProgram(places, packageRoot, version) }
  }

  /** The decision is noted before anything is done about it: the next run has to know who asked for what. */
  redisStage(decision: RedisDecision, asked: RedisChoice): Stage {
    const { places, env } = this.options
    return {
      name: 'settings',
      title: `Redis: ${describe(decision)}`,
      plan: () => planSettings(places, decision, env),
      prepare: () => {
        this.record.redis = { asked, got: decision.got === 'off' && decision.isMeant ? 'switched off' : decision.got }
        return Promise.resolve()
      },
    }
  }

  rootStage(): Stage {
    const { places } = this.options
    return { name: 'root', title: `Root ${places.root}`, plan: () => planRoot(places) }
  }

  dropInStage(): Stage {
    const { places, packageRoot, env, execPath } = this.options
    const options = { places, packageRoot, nodePath: lastingNodePath(execPath), path: env['PATH'] }
    return { name: 'drop-ins', title: 'Hooks and scripts', plan: () => planDropIns(options) }
  }

  dispatcherStage(scripts: Pick<DispatcherOptions, 'maryScript' | 'rndScript'>): Stage {
    const { places } = this.options
    return { name: 'dispatchers', title: 'Dispatchers', plan: () => planDispatchers({ places, ...scripts }) }
  }

  /** The installed program as a service has it: none of the variables of this shell. */
  async proof(choice: ServiceChoice): Promise<ProofOptions> {
    const { places, clock } = this.options
    const { spec } = await this.service(choice)
    return { places, clock, program: spec.program, env: spec.environment }
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

/** What is installed is called from every folder: a relative path in it would be another place in each. */
function refuseRelative(home: string): void {
  if (isAbsolute(home)) return
  throw new MemoryError('config', `HOME is the relative path ${JSON.stringify(home)}: it would be another place in each folder`, {
    suggestions: ['set HOME to an absolute path, and run this again'],
  })
}
