/** The stage that makes the hub run for good. */
import { dirname } from 'node:path'
import { callHub } from '../client/call.js'
import { reachHubOf } from '../client/connect.js'
import { HubGone } from '../client/connection.js'
import type { Clock } from '../platform/clock.js'
import { MemoryError } from '../errors/errors.js'
import type { ServiceManager, ServiceSpec } from '../service/service.js'
import { verifyRuns } from '../service/verify.js'
import type { Places } from './places.js'
import type { InstallRecord } from './record.js'
import { planService } from './service-spec.js'
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
const ANSWER_MS = 30_000
const POLL_MS = 50

export function serviceStage(options: ServiceStageOptions): Stage {
  const { manager, spec, record, clock, places, save, mustRestart } = options
  const { label, stderr } = spec
  const isNew = record.service === null
  return {
    name: 'service',
    title: 'Service',
    plan: () => planService(manager, spec, dirname(spec.stdout)),
    async prepare() {
      if (record.service !== null && record.service.label === label && record.service.kind === manager.kind) return
      record.service = { label, kind: manager.kind, stderr, ranBefore: (await manager.state(label)).is !== 'absent' }
      save()
    },
    async act(changed) {
      const state = await manager.state(label)
      if (state.is === 'running' && changed.length === 0 && !mustRestart()) {
        await answers(places.root, state.pid, clock)
        return `it runs (pid ${state.pid})`
      }
      await manager.stop(label)
      const stray = await stopStrayHub(places.root, clock)
      await manager.start(label)
      const pid = await verifyRuns(manager, label, { clock, stderr })
      await answers(places.root, pid, clock)
      return `${stray === null ? '' : `the hub that ran (pid ${stray}) was ended; `}it runs (pid ${pid})`
    },
    async undoAct() {
      if (!isNew || record.service === null) return
      await manager.stop(label).catch(() => undefined) // what failed is told; this only clears up behind it
      record.service = null
    },
  }
}

/** A hub of this root that nobody supervises holds the place of the service. Its pid; null: there was none. */
export async function stopStrayHub(root: string, clock: Pick<Clock, 'pause'>): Promise<number | null> {
  const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
  if (reached.is === 'absent') return null
  if (reached.is === 'silent') {
    throw new MemoryError('failed', `a hub of ${root} runs, and does not answer`, { suggestions: ['end its process, and run this again'] })
  }
  const { connection, hub } = reached
  try {
    await callHub(connection, 'stop', {}, { budgetMs: HUB_BUDGET_MS, answerMs: HUB_BUDGET_MS })
  } catch (error) {
    if (!(error instanceof HubGone)) throw error // it may have ended faster than it answered
  } finally {
    connection.close()
  }
  const deadline = performance.now() + ANSWER_MS
  while ((await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })).is !== 'absent') {
    if (performance.now() >= deadline) throw new MemoryError('failed', `the hub (pid ${hub.pid}) was asked to end, and has not ended`)
    await clock.pause(POLL_MS)
  }
  return hub.pid
}

/** The service's own process serves this root. Throws MemoryError `failed` when it does not within the time. */
async function answers(root: string, pid: number, clock: Pick<Clock, 'pause'>): Promise<void> {
  const deadline = performance.now() + ANSWER_MS
  for (;;) {
    const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
    if ('connection' in reached) {
      reached.connection.close()
      if (reached.hub.pid === pid) return
    }
    if (performance.now() >= deadline) {
      const who = 'connection' in reached ? `pid ${reached.hub.pid} answers instead` : 'nobody answers'
      throw new MemoryError('failed', `the hub of the service (pid ${pid}) does not answer for ${root}: ${who}`)
    }
    await clock.pause(POLL_MS)
  }
}
