/** Looks after the work items: claims that have run out are given back, and the YAML copy is kept current, both ways. */
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import type { Memory } from '../core/memory.js'
import { isOfTasks } from '../domain/operation.js'
import { taskCopyOf } from '../memory/task-copy.js'
import type { Clock } from '../platform/clock.js'
import { randomId, sha256 } from '../platform/digests.js'
import { later } from '../platform/later.js'
import { systemProcesses } from '../platform/processes.js'
import { watchFiles } from '../platform/watch-files.js'
import type { CopyState } from '../usecases/tasks/copy.js'
import type { TaskSurroundings } from '../usecases/tasks/surroundings.js'
import { sweepClaims } from '../usecases/tasks/sweep.js'
import type { Component } from './components.js'
import type { Log } from './log.js'
import { Looker } from './looker.js'

export interface TaskKeepingOptions {
  root: string
  memory: Memory
  /** Of the YAML copy; null: none is kept. */
  file: string | null
  log: Log
  clock: Clock
}

const LOOK_MS = 30_000
/** Several changes in a moment are one look. */
const GATHER_MS = 30
const SOON_MS: Record<CopyState, number> = { current: LOOK_MS, written: 1_100, unsettled: 300, busy: 300, away: 1_000 }

/** With YAML, which takes a while to load. */
const loadCopy = later(() => import('../usecases/tasks/copy.js'))

export class TaskKeeping implements Component {
  readonly name = 'task keeping'
  private readonly looker: Looker
  private readonly surroundings: TaskSurroundings
  private readonly ending = new AbortController()
  private stopWatching: () => void = () => undefined
  private following: Promise<void> = Promise.resolve()
  private gathering: NodeJS.Timeout | undefined

  constructor(private readonly options: TaskKeepingOptions) {
    const { memory, clock, log } = options
    this.looker = new Looker(() => this.look(), log, 'the work items')
    this.surroundings = {
      memory,
      clock,
      random: randomId,
      digest: sha256,
      by: 'memory_sync',
      machine: { host: hostname(), processes: systemProcesses },
    }
  }

  start(): Promise<void> {
    const { file } = this.options
    const hint = (): void => {
      this.hint()
    }
    if (file !== null) this.stopWatching = watchFiles([{ directory: dirname(file), names: [basename(file)] }], hint)
    this.following = this.follow()
    this.looker.lookNow()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.stopWatching()
    this.ending.abort()
    clearTimeout(this.gathering)
    await this.following
    await this.looker.stop()
  }

  private hint(): void {
    if (this.looker.isStopping) return
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined
      this.looker.lookNow()
    }, GATHER_MS)
  }

  private async follow(): Promise<void> {
    const { signal } = this.ending
    try {
      for await (const notice of this.options.memory.watch({ signal })) {
        if (notice.is === 'change' ? isOfTasks(notice.change.target) : notice.is === 'snapshot') this.hint()
      }
    } catch (error) {
      if (!signal.aborted) this.options.log.warn(`changes of work items are looked for every ${LOOK_MS / 1000} s only: ${String(error)}`)
    }
  }

  /** Returns when to look again, ms. */
  private async look(): Promise<number> {
    const { log, root, file } = this.options
    const { returned, nextMs = LOOK_MS } = await sweepClaims(this.surroundings)
    for (const { id, agent } of returned) log.info(`item ${id} was given back: the claim of ${agent} has ended`)
    if (file === null) return Math.min(LOOK_MS, nextMs)
    const { keepCopy } = await loadCopy()
    const copy = await taskCopyOf(root, file, (level, text) => {
      log[level](text)
    })
    return Math.min(SOON_MS[await keepCopy(this.surroundings, copy)], nextMs)
  }
}
