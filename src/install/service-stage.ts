/** The stage that makes the hub run for good. */
import { dirname } from 'node:path'
import { reachHubOf } from '../client/connect.js'
import { stopHub } from '../client/control.js'
import type { Clock } from '../platform/clock.js'
import { MemoryError } from '../errors/errors.js'
import type { ServiceManager, ServiceSpec } from '../service/service.js'
import { type VerifyOptions, verifyServes } from '../service/verify.js'
import { settleService } from './former-service.js'
import type { Places } from './places.js'
import type { InstallRecord, ServiceEntry } from './record.js'
import { isOurs, planService } from './service-spec.js'
import type { Stage } from './stages.js'

export interface ServiceStageOptions {
  manager: ServiceManager
  spec: ServiceSpec
  places: Places
  record: InstallRecord
  /** Writes the record. */
  save: () => void
  clock: Pick<Clock, 'pause'>
  /** True: what the service runs, or how, has changed in an earlier stage. */
  mustRestart: () => boolean
}

const HUB_BUDGET_MS = 1_000
const END_MS = 30_000
/** For a hub that runs already, and is not to be changed. One that takes longer hangs. */
const ANSWER_MS = 15_000

export function serviceStage(options: ServiceStageOptions): Stage {
  const { manager, spec, record, clock, places, save, mustRestart } = options
  const { label, stderr } = spec
  const isNew = record.service === null && !isOurs(manager, spec)
  let former: ServiceEntry | null = null
  const verifying: VerifyOptions = { clock, stderr, root: places.root, whoServes: () => pidServing(places.root) }
  return {
    name: 'service',
    title: 'Service',
    plan: () => planService(manager, spec, dirname(spec.stdout)),
    async prepare() {
      if (record.service !== null && record.service.label === label && record.service.kind === manager.kind) return
      const ranBefore = !isOurs(manager, spec) && !['absent', 'stopped'].includes((await manager.state(label)).is)
      record.service = { label, kind: manager.kind, stderr, ranBefore }
      save()
    },
    async act(changed) {
      if (changed.length === 0 && !mustRestart()) {
        const pid = await pidOfRunning(manager, label, verifying)
        if (pid !== null) return `it runs (pid ${pid})`
      }
      await manager.stop(label)
      const stray = await stopStrayHub(places.root, clock)
      await manager.start(label)
      const pid = await verifyServes(manager, label, verifying)
      return `${stray === null ? '' : `the hub that ran (pid ${stray}) was ended; `}it runs (pid ${pid})`
    },
    async undoAct() {
      if (!isNew || record.service === null) return
      await manager.stop(label).catch(() => undefined) // what failed is told; this only clears up behind it
      former = record.service
      record.service = null
    },
    async afterUndo(say) {
      if (former !== null) await settleService(manager, former, say)
    },
  }
}

/** A hub of this root that nobody supervises holds the place of the service. Returns when its process is gone, with its pid; null: there was none. */
export async function stopStrayHub(root: string, clock: Pick<Clock, 'pause'>): Promise<number | null> {
  const ended = await stopHub(root, { clock, goneMs: END_MS, keeperPid: () => Promise.resolve(null) })
  return ended?.pid ?? null
}

/** null: it does not run, or hangs, and is to be started anew. */
async function pidOfRunning(manager: ServiceManager, label: string, options: VerifyOptions): Promise<number | null> {
  if ((await manager.state(label)).is !== 'running') return null
  try {
    return await verifyServes(manager, label, { ...options, patienceMs: ANSWER_MS })
  } catch (error) {
    if (error instanceof MemoryError && error.code === 'failed') return null
    throw error
  }
}

/** null: nobody answers. */
async function pidServing(root: string): Promise<number | null> {
  const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
  if (!('connection' in reached)) return null
  reached.connection.close()
  return reached.hub.pid
}
