/** Removes what was kept long enough: broadcasts and drops that were handled; keeps logs short. Only files with names of ours, and none that is older than what we keep of this root. */
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../platform/clock.js'
import { bridgeOf } from '../usecases/bridge.js'
import type { Component } from './components.js'
import { unlessMissing } from './drop-files.js'
import type { Log } from './log.js'
import { rotateLogs } from './logs.js'
import { Looker } from './looker.js'

export interface HousekeepingOptions {
  root: string
  log: Log
  clock: Pick<Clock, 'now'>
  keepMs?: number
  everyMs?: number
  maxLogBytes?: number
}

const HOUR_MS = 60 * 60 * 1000
const KEEP_MS = 7 * 24 * HOUR_MS

const BROADCAST = /_broadcast\.json$/
/** As `moveDrop` names them. */
const HANDLED_DROP = /^[^_]+_.+_\d+(?:\.\d+)?\.json$/

export class Housekeeping implements Component {
  readonly name = 'housekeeping'
  private readonly looker: Looker

  constructor(private readonly options: HousekeepingOptions) {
    this.looker = new Looker(() => this.sweep(), options.log, 'the outbox and the logs')
  }

  start(): Promise<void> {
    this.looker.lookNow()
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return this.looker.stop()
  }

  private async sweep(): Promise<number> {
    const { root, clock, keepMs = KEEP_MS, everyMs = HOUR_MS } = this.options
    const { outbox, processed } = bridgeOf(root)
    const before = clock.now() - keepMs
    const since = await beginningOf(root)
    await removeOld(outbox, BROADCAST, { since, before })
    await removeOld(processed, HANDLED_DROP, { since, before })
    rotateLogs(root, this.options.maxLogBytes)
    return everyMs
  }
}

/** Programs before this one gave their files such names, too: those are their owner's, and no rollback could bring them back. */
async function beginningOf(root: string): Promise<number> {
  const made = await unlessMissing(() => lstat(join(root, 'shared_memory', '.memory_sync', 'root-id')))
  return made?.mtimeMs ?? Infinity
}

/** Plain files of the folder itself, with such a name, last changed in between. */
async function removeOld(folder: string, pattern: RegExp, { since, before }: { since: number; before: number }): Promise<void> {
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    if (!pattern.test(name)) continue
    const path = join(folder, name)
    const stat = await unlessMissing(() => lstat(path))
    if (stat !== null && stat.isFile() && stat.mtimeMs >= since && stat.mtimeMs < before) await rm(path, { force: true })
  }
}
