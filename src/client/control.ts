/** Asking a running hub about itself, and asking it to end. */
import { callHub } from './call.js'
import { reachHubOf } from './connect.js'
import { HubGone } from './connection.js'
import { whyUnseen } from './socket-path.js'
import type { HubInfo } from './protocol.js'
import type { Status } from '../core/memory.js'
import { MemoryError } from '../errors/errors.js'
import { type Clock, systemClock } from '../platform/clock.js'
import { type Processes, systemProcesses } from '../platform/processes.js'

export interface ControlOptions {
  /** The process that holds the keeper lock of the root: who the hub is when it does not say so itself. */
  keeperPid: () => Promise<number | null>
  /** For an answer, ms. */
  budgetMs?: number
  /** For the process to be gone after it was asked to end, ms. */
  goneMs?: number
  processes?: Pick<Processes, 'isAlive'>
  clock?: Pick<Clock, 'pause'>
}

export type HubState =
  | { is: 'running'; hub: HubInfo; status: Status }
  | { is: 'absent' }
  | { is: 'silent'; pid: number | null } // somebody listens and does not answer: suspended, or it hangs
  | { is: 'other-protocol'; hub: HubInfo } // of a version that this one cannot talk to

const BUDGET_MS = 1_000
/** Longer than the hub itself allows for its end. */
const GONE_MS = 12_000
const POLL_MS = 20

/** Never rejects because of what the hub does. Throws MemoryError `unavailable` where this user cannot see whether there is one. */
export async function hubStatus(root: string, { keeperPid, budgetMs = BUDGET_MS }: ControlOptions): Promise<HubState> {
  const reached = await reachHubOf(root, { budgetMs })
  if (reached.is === 'absent') {
    refuseUnseen(root)
    return reached
  }
  if (reached.is === 'silent') return { is: 'silent', pid: await keeperPid() }
  const { connection, hub } = reached
  try {
    if (reached.is === 'other-protocol') return { is: 'other-protocol', hub }
    const status = await callHub(connection, 'status', {}, { budgetMs, answerMs: 5 * budgetMs })
    return { is: 'running', hub, status: status as Status }
  } catch (error) {
    if (error instanceof HubGone) return { is: 'silent', pid: hub.pid }
    throw error
  } finally {
    connection.close()
  }
}

/**
 * Ends the hub and returns when its process is gone; null: none runs. It ends this process and no more: a service manager
 * would start the next one, so where one runs the hub, the caller ends the service instead of calling this.
 * Throws MemoryError `unavailable` as `hubStatus` does, and `failed`, with `details.pid`, when the hub does not answer or does not end in time.
 */
export async function stopHub(root: string, options: ControlOptions): Promise<{ pid: number } | null> {
  const { keeperPid, budgetMs = BUDGET_MS } = options
  const reached = await reachHubOf(root, { budgetMs })
  if (reached.is === 'absent') {
    refuseUnseen(root)
    return null
  }
  if (reached.is === 'silent') throw silent(await keeperPid())
  const { connection, hub } = reached
  try {
    await callHub(connection, 'stop', {}, { budgetMs, answerMs: budgetMs })
  } catch (error) {
    if (!(error instanceof HubGone)) throw error
    // It may have ended faster than it answered; else it hangs.
    if (!(await isGone(hub, { ...options, goneMs: budgetMs }))) throw silent(hub.pid)
  } finally {
    connection.close()
  }
  if (!(await isGone(hub, options))) throw stillThere(hub.pid)
  return { pid: hub.pid }
}

/** For who has found no hub. Throws MemoryError `unavailable` where this user cannot see whether there is one. */
export function refuseUnseen(root: string, details: Record<string, unknown> = {}): void {
  const why = whyUnseen(root)
  if (why === null) return
  throw new MemoryError('unavailable', `whether a hub runs for ${root} cannot be seen: ${why}`, {
    details,
    suggestions: ['ask as the user to whom the root belongs'],
  })
}

async function isGone(hub: HubInfo, options: ControlOptions): Promise<boolean> {
  const { goneMs = GONE_MS, processes = systemProcesses, clock = systemClock } = options
  const deadline = performance.now() + goneMs
  while (processes.isAlive(hub.process)) {
    if (performance.now() >= deadline) return false
    await clock.pause(POLL_MS)
  }
  return true
}

function silent(pid: number | null): MemoryError {
  const who = pid === null ? 'the hub' : `the hub (pid ${pid})`
  return new MemoryError('failed', `${who} does not answer: it is suspended, or it hangs`, {
    details: { pid },
    suggestions:
      pid === null
        ? ['Look for its process, and end it; nothing acknowledged is lost.']
        : [`kill -CONT ${pid} wakes a suspended one.`, `kill -KILL ${pid} ends it; nothing acknowledged is lost.`],
  })
}

const stillThere = (pid: number): MemoryError =>
  new MemoryError('failed', `the hub (pid ${pid}) was asked to end, and has not ended`, {
    details: { pid },
    suggestions: [`Its log says what it waits for. kill -KILL ${pid} ends it; nothing acknowledged is lost.`],
  })
