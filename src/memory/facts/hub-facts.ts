/** Who serves the root, and who believes to. */
import { callHub } from '../../client/call.js'
import { reachHubOf } from '../../client/connect.js'
import { HubGone } from '../../client/connection.js'
import { registeredHubs } from '../../client/hub-registry.js'
import { whyUnseen } from '../../client/socket-path.js'
import type { Status } from '../../core/memory.js'
import type { HubFact } from '../../health/facts.js'
import { systemProcesses } from '../../platform/processes.js'
import type { RootFiles } from '../../store/file/root-files.js'

const HUB_BUDGET_MS = 500

/** Never longer than a few budgets, whatever the hub does. */
export async function hubOf(root: string, files: RootFiles): Promise<HubFact> {
  const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
  if (reached.is === 'silent') return { is: 'silent', pid: (await files.lock.holder())?.pid ?? null }
  if (reached.is === 'absent') {
    const why = whyUnseen(root)
    return why === null ? reached : { is: 'unseen', why }
  }
  const { connection, hub } = reached
  const { pid, version, build = null, startedAt } = hub
  try {
    if (reached.is === 'other-protocol') return { is: 'other-version', pid, version }
    const status = await callHub(connection, 'status', {}, { budgetMs: HUB_BUDGET_MS, answerMs: 4 * HUB_BUDGET_MS })
    return { is: 'running', pid, version, build, startedAt, status: status as Status }
  } catch (error) {
    if (error instanceof HubGone) return { is: 'silent', pid }
    throw error
  } finally {
    connection.close()
  }
}

export const hubPidsOf = (root: string): number[] =>
  registeredHubs(root, systemProcesses).flatMap(({ pid, isAlive }) => (isAlive ? [pid] : []))
