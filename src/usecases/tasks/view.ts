/** Looking at work items: the list, one of them, what can be taken next, the board, and the document of the older tracker. */
import { leafOf, type Tree, type TreeMap } from '../../domain/json.js'
import { isFree, nextTasks, shownTask, standingOf, STATES, type Task } from '../../domain/task.js'
import { formatTime } from '../../domain/time.js'
import { type TrackingFacts, trackingOf } from '../../domain/tracking.js'
import { MemoryError } from '../../errors/errors.js'
import type { Surroundings } from '../surroundings.js'
import { noSuchTask } from './refusals.js'
import { type LoadedTasks, loadTasks, refusalBy, type TaskSurroundings } from './surroundings.js'

type Looking = Pick<TaskSurroundings, 'memory' | 'machine'>

export interface ListFilter {
  status?: string
  owner?: string
}

/** Throws MemoryError `usage` for a status that no item can have, and none has. */
export async function listTasks(surroundings: Looking, filter: ListFilter): Promise<TreeMap[]> {
  const { tasks, now } = await loadTasks(surroundings)
  const isWanted = (task: Task): boolean => {
    const { status, owner } = standingOf(task, now)
    return (filter.status ?? status) === status && (filter.owner ?? owner) === owner
  }
  const all = [...tasks.values()]
  const { status } = filter
  const isStatus = status === undefined || (STATES as readonly string[]).includes(status) || all.some((task) => standingOf(task, now).status === status)
  if (!isStatus) throw noSuchStatus(status)
  return all.filter(isWanted).map((task) => shownTask(task, now))
}

const noSuchStatus = (status: string): MemoryError =>
  new MemoryError('usage', `${JSON.stringify(status)} is no status of a work item, and no item has it`, {
    suggestions: [`name one of ${STATES.join(', ')}`],
  })

/** Throws MemoryError `absent`. */
export async function showTask(surroundings: Looking, id: string): Promise<TreeMap> {
  const { tasks, now } = await loadTasks(surroundings)
  const task = tasks.get(id)
  if (task === undefined) throw noSuchTask(id)
  return shownTask(task, now)
}

/** The item to take first. Throws MemoryError `absent` where there is none, `unavailable` where only Redis could tell one who wants to claim it. */
export async function nextTask(surroundings: Looking, { claims = false }: { claims?: boolean } = {}): Promise<TreeMap> {
  const { tasks, now, snapshot } = await loadTasks(surroundings)
  const [first] = nextTasks(tasks, now)
  if (first === undefined) throw claims ? await refusalBy(snapshot, surroundings.memory, nothingFree(tasks)) : nothingFree(tasks)
  return shownTask(first, now)
}

export function nothingFree(tasks: LoadedTasks['tasks']): MemoryError {
  const open = [...tasks.values()].filter(({ status }) => status !== 'complete').length
  return new MemoryError('absent', open === 0 ? 'there is no open item' : `none of ${open} open items can be taken now`, {
    suggestions: ['memory_sync task board shows who has what, and what waits for what'],
    details: { open },
  })
}

/** Items by status: the states in their order, others behind them. */
export async function boardOfTasks(surroundings: Looking): Promise<TreeMap> {
  const { tasks, now } = await loadTasks(surroundings)
  const columns = new Map<string, string[]>(STATES.map((state) => [state, []]))
  for (const task of tasks.values()) {
    const { status, owner, lapsed } = standingOf(task, now)
    const card: [string, Tree][] = [
      ['id', leafOf(task.id)],
      ['title', leafOf(task.title)],
      ['owner', owner === undefined ? 'null' : leafOf(owner)],
      ['free', String(isFree(task, tasks, now))],
      ...(task.deprecated ? [['deprecated', 'true'] as [string, Tree]] : []),
      ...(lapsed === undefined ? [] : [['lapsed', leafOf(lapsed.agent)] as [string, Tree]]),
    ]
    const text = `{${card.map(([name, value]) => `${leafOf(name)}:${value as string}`).join(',')}}`
    columns.set(status, [...(columns.get(status) ?? []), text])
  }
  return new Map([...columns].map(([status, cards]) => [status, `[${cards.join(',')}]`]))
}

/** As the older tracker writes it. */
export async function exportTasks(surroundings: TaskSurroundings): Promise<TreeMap> {
  return trackingOf(trackingFacts(await loadTasks(surroundings), surroundings))
}

export function trackingFacts({ tasks, snapshot, now }: LoadedTasks, { clock }: Pick<Surroundings, 'clock'>): TrackingFacts {
  const { changedAt, list } = snapshot
  const lastChange = formatTime(changedAt.tasks, clock.offsetMinutes())
  return { tasks, list, now, lastChange, changedSince: changedAt.tasks > changedAt.list }
}
