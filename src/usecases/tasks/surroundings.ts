/** What the use cases of work items need of the world, beyond a memory, a clock and chance. */
import type { Memory, TaskSnapshot, WriteOutcome, WriteRequest } from '../../core/memory.js'
import type { Step } from '../../domain/task-step.js'
import { MemoryError } from '../../errors/errors.js'
import { type Claim, type Task, tasksOfRecords } from '../../domain/task.js'
import type { ProcessIdentity, ProcessTable } from '../../platform/processes.js'
import type { Surroundings } from '../surroundings.js'

export interface Machine {
  /** Its name: claims of its processes carry it. */
  host: string
  processes: Pick<ProcessTable, 'find' | 'isAlive'>
}

/** What a guard said. */
export interface GuardVerdict {
  passed: boolean
  /** How it ended, for people: `exit code 3`, `no answer after 60 s`. */
  ended: string
  /** The end of what it wrote to stdout and stderr. */
  output: string
}

export interface Guards {
  /** null: none is configured for this step. `item`: its JSON, on the guard's stdin. */
  run(step: Step, item: { id: string; agent: string; json: string }): Promise<GuardVerdict | null>
}

export interface TaskSurroundings extends Surroundings {
  machine: Machine
  /** SHA-256 as hex digits. */
  digest: (text: string) => string
}

export interface LoadedTasks {
  snapshot: TaskSnapshot
  tasks: Map<string, Task>
  /** Of the clock that decides, ms. */
  now: number
}

/** The process of a pid that somebody named. Throws MemoryError `usage` where none runs; `left`: what was not done. */
export function runningProcess({ processes }: Machine, pid: number, left: string): ProcessIdentity {
  const process = processes.find(pid)
  if (process !== undefined) return process
  throw new MemoryError('usage', `there is no process ${pid} on this machine: ${left}`, {
    suggestions: ['name one that runs, as $$ is in a shell, or none'],
  })
}

/** The items; a claim that a process of this machine held and that is gone has run out, whatever its time. */
export async function loadTasks({ memory, machine }: Pick<TaskSurroundings, 'memory' | 'machine'>): Promise<LoadedTasks> {
  const snapshot = await memory.readTasks()
  const tasks = tasksOfRecords(snapshot.tasks)
  for (const task of tasks.values()) endClaimOfTheDead(task, machine)
  return { snapshot, tasks, now: snapshot.now }
}

/**
 * A refusal, to be thrown. Where Redis decides and is away, what was read is the copy of this machine, which may be behind: then
 * nobody knows, and it is `unavailable`.
 */
export async function refusalBy(snapshot: TaskSnapshot, memory: Pick<Memory, 'status'>, refusal: MemoryError): Promise<MemoryError> {
  if (snapshot.durability === 'redis') return refusal
  return (await withoutArbiter(memory)) ?? refusal
}

/** Every write of an item is a condition. Throws MemoryError `unavailable` where Redis has to decide and is away. */
export async function writeTask(memory: Pick<Memory, 'write' | 'status'>, request: WriteRequest): Promise<WriteOutcome> {
  try {
    return await memory.write(request)
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== 'unavailable') throw error
    throw (await withoutArbiter(memory, error)) ?? error
  }
}

async function withoutArbiter(memory: Pick<Memory, 'status'>, cause?: MemoryError): Promise<MemoryError | undefined> {
  const { redis, redisReason } = await memory.status()
  if (redis !== 'away') return undefined
  const why = redisReason === null ? '' : ` (${redisReason})`
  return new MemoryError('unavailable', `a change of an item needs Redis to decide, and it cannot be reached${why}: nothing was written`, {
    suggestions: ['repeat it when Redis answers (memory_sync status)'],
    retryable: true,
    cause,
  })
}

export function endClaimOfTheDead(task: Task, machine: Machine): void {
  if (task.claim !== undefined && isGone(task.claim, machine)) task.claim = { ...task.claim, until: 0 }
}

const isGone = ({ host, process }: Claim, machine: Machine): boolean =>
  process !== undefined && host === machine.host && !machine.processes.isAlive(process)
