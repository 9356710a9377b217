/** Claims that have run out, written back for everybody to see; and those of living processes, kept. */
import type { Edit } from '../../domain/operation.js'
import { taskTarget } from '../../domain/operation.js'
import { lapseEdits, renewEdits } from '../../domain/task-step.js'
import { standingOf, type Task } from '../../domain/task.js'
import { formatTime } from '../../domain/time.js'
import { MemoryError } from '../../errors/errors.js'
import { loadTasks, type TaskSurroundings } from './surroundings.js'

/** A process that holds a claim is looked for this often. */
const PROCESS_LOOK_MS = 500

export interface Sweep {
  /** Items that were given back. */
  returned: { id: string; agent: string }[]
  /** ms until there is something to do again; undefined: nothing is claimed. */
  nextMs: number | undefined
}

/** Who comes between, and a Redis that is away, are left to the next look. */
export async function sweepClaims(surroundings: TaskSurroundings): Promise<Sweep> {
  const { tasks, now } = await loadTasks(surroundings)
  const returned: Sweep['returned'] = []
  const waits: number[] = []
  const offset = surroundings.clock.offsetMinutes()
  const format = (ms: number): string => formatTime(ms, offset)
  for (const task of tasks.values()) {
    const { claim, lapsed } = standingOf(task, now)
    const back = lapsed === undefined ? [] : lapseEdits(task, now, format)
    if (lapsed !== undefined && back.length > 0 && (await write(surroundings, task, back))) returned.push({ id: task.id, agent: lapsed.agent })
    if (claim === undefined) continue
    const isOwn = claim.process !== undefined && claim.host === surroundings.machine.host
    if (isOwn && claim.until - now < claim.ttlMs / 2) {
      await write(surroundings, task, renewEdits(claim.ttlMs, now, format))
    }
    waits.push(isOwn ? Math.min(PROCESS_LOOK_MS, claim.ttlMs / 4) : Math.max(1, claim.until - now))
  }
  return { returned, nextMs: waits.length === 0 ? undefined : Math.min(...waits) }
}

async function write({ memory, by }: TaskSurroundings, task: Task, edits: Edit[]): Promise<boolean> {
  try {
    const outcome = await memory.write({ target: taskTarget(task.id), kind: 'set', edits, by, ifRev: task.rev })
    return outcome.ok
  } catch (error) {
    if (error instanceof MemoryError && (error.code === 'unavailable' || error.code === 'unknown-outcome')) return false
    throw error
  }
}
