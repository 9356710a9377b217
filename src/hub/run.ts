/** The daemon: the keeper of one root, its control socket, and what has to be looked after beside them. */
import { privateRedisOf } from '../config/private-redis.js'
import type { Environment } from '../config/root.js'
import type { Engine } from '../core/engine-types.js'
import { formatTime } from '../domain/time.js'
import { type Clock, systemClock } from '../platform/clock.js'
import { loadAllParts } from '../platform/later.js'
import { systemProcesses } from '../platform/processes.js'
import { type HubSettings, isMeantBy } from './callers.js'
import { type Component, startAll, stopAll } from './components.js'
import { DropBox } from './drop-box.js'
import { Ending } from './ending.js'
import { Housekeeping } from './housekeeping.js'
import { KeeperComponent } from './keeper-component.js'
import { createLog, type Log } from './log.js'
import { PrivateRedis } from './private-redis.js'
import { Registration } from './registration.js'
import { ControlServer } from './server.js'
import { SpoolBox } from './spool-box.js'
import { TaskKeeping } from './task-keeping.js'

export interface HubOptions {
  root: string
  /** Of the product. */
  version: string
  /** The engine of this root, not started yet. */
  open: () => Promise<Engine>
  /** Gets each line of the log when it happens; `writeLineNow` is the one for a service. */
  out: (line: string) => void
  /** How long broadcasts and processed drops are kept, ms. */
  keepMs?: number
  /** With what it was started: commands of callers with the same are run for them. */
  settings?: HubSettings
  /** The YAML copy of the work items; null: none is kept. */
  taskFile?: string | null
  clock?: Clock
}

/** What has not ended by then is left: everything acknowledged is in the journal. */
const STOP_BUDGET_MS = 10_000

/**
 * Runs until SIGTERM, SIGINT, SIGUSR1 or a `stop` over the socket, and returns the exit code: 0 after a clean end, 1 when something
 * could not be ended, 128+n when a second signal came; then work is left undone, and the caller has to end the process.
 * Throws MemoryError where it cannot start; `failed` with `details.pid` when a hub of this root runs already.
 */
export async function runHub(options: HubOptions): Promise<number> {
  const log = createLog(options.out, options.clock ?? systemClock)
  const ending = new Ending()
  try {
    return await Promise.race([live(options, log, ending), ending.forced])
  } finally {
    ending.close()
  }
}

async function live(options: HubOptions, log: Log, ending: Ending): Promise<number> {
  const engine = await options.open()
  const forgetLines = engine.on(({ level, text }) => {
    log[level](text)
  })
  try {
    log.info(`memory_sync ${options.version} starts: root ${options.root}, pid ${process.pid}`)
    const components = componentsOf(engine, options, log, ending)
    await loadAllParts() // from now on nobody promises that the files of this program are there
    await startAll(components, log)
    let clean = false
    try {
      log.info(await readyLine(engine))
      log.info(`stopping: ${await ending.asked}`)
    } finally {
      clean = await stopInTime(components, log)
    }
    log.info('stopped')
    return clean ? 0 : 1
  } finally {
    forgetLines()
    await engine.close()
  }
}

function componentsOf(engine: Engine, options: HubOptions, log: Log, ending: Ending): Component[] {
  const { root, version, keepMs, settings, taskFile = null, clock = systemClock } = options
  const startedAt = formatTime(clock.now(), clock.offsetMinutes())
  const stopAsked = (): void => {
    ending.ask('asked over the control socket')
  }
  const runs = settings && { isMeant: (env: Environment) => isMeantBy(env, settings, engine.redisUrl ?? null) }
  const redis = privateRedis(engine, options, log)
  return [
    ...(redis === null ? [] : [redis.last]),
    new KeeperComponent(engine, root, clock, (why) => {
      ending.ask(why)
    }, (text) => {
      log.info(text)
    }),
    ...(redis === null ? [] : [redis.first]),
    new Registration({ root, processes: systemProcesses, log }),
    new ControlServer({ root, memory: engine, version, startedAt, process: systemProcesses.self(), log, stopAsked, isKeeper: () => engine.isKeeper(), ...runs }),
    new DropBox({ root, memory: engine, log, clock }),
    new SpoolBox({ root, memory: engine, log, clock }),
    new TaskKeeping({ root, memory: engine, file: taskFile, log, clock }),
    new Housekeeping({ root, log, clock, ...(keepMs !== undefined && { keepMs }) }),
  ]
}

function privateRedis(engine: Engine, { root, settings, clock = systemClock }: HubOptions, log: Log): PrivateRedis | null {
  if (settings === undefined) return null
  const { env, config, redis } = settings
  const place = privateRedisOf(root, config.redis.managed, redis)
  const isConnected = async (): Promise<boolean> => (await engine.status()).redis === 'online'
  return place === null ? null : new PrivateRedis(place, { env, log, clock, isConnected })
}

async function readyLine(engine: Engine): Promise<string> {
  const { rev, redis, redisUrl, redisReason, pending, agents } = await engine.status()
  const where = redisUrl === null ? redis : `${redis} (${redisUrl})`
  const why = redis === 'away' && redisReason !== null ? `, because ${redisReason}` : ''
  return `ready: rev ${rev}, ${agents} agents, ${pending} pending, redis ${where}${why}`
}

function stopInTime(components: readonly Component[], log: Log): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      log.error(`not everything has ended after ${STOP_BUDGET_MS} ms; what was acknowledged is in the journal`)
      resolve(false)
    }, STOP_BUDGET_MS)
    stopAll(components, log)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer)
      })
  })
}
