/** The Redis that the hub runs, where the installation gave it one: started with it, started again when it dies, ended after it. */
import type { Environment } from '../config/root.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { LastingRedis, type LastingRedisPlace } from '../platform/lasting-redis.js'
import { type ProcessIdentity, systemProcesses } from '../platform/processes.js'
import type { Component } from './components.js'
import type { Log } from './log.js'

export interface PrivateRedisOptions {
  /** Of the hub. */
  env: Environment
  log: Log
  clock: Pick<Clock, 'pause'>
  /** Whether the engine has it. */
  isConnected: () => Promise<boolean>
}

const LOOK_MS = 200
/** So long a start waits for the engine to have it; a hub without Redis is a hub too. */
const CONNECT_MS = 3_000
const LEAVE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000

/** `first` is started after the keeper, which sees to it that there is one hub; `last` is stopped after it, when all is written. */
export class PrivateRedis {
  readonly first: Component
  readonly last: Component
  private hasBegun = false
  private isEnding = false
  private looking: Promise<void> = Promise.resolve()

  private readonly server: LastingRedis

  constructor(
    place: LastingRedisPlace,
    private readonly options: PrivateRedisOptions,
  ) {
    this.server = new LastingRedis(place, environmentFrom(options.env))
    this.first = { name: 'private Redis', start: () => this.begin(), stop: () => this.leaveAlone() }
    this.last = { name: 'private Redis', start: () => Promise.resolve(), stop: () => this.end() }
  }

  /** Never rejects: without Redis the hub goes on with the file, and tries again. */
  private async begin(): Promise<void> {
    this.hasBegun = true
    const running = await this.ensure()
    this.looking = this.lookAfter(running)
    const deadline = performance.now() + CONNECT_MS
    while (running !== null && !(await this.options.isConnected()) && performance.now() < deadline) await this.options.clock.pause(LOOK_MS)
  }

  /** A hub that could not become the keeper leaves it alone: it is the other hub's. */
  private async end(): Promise<void> {
    if (this.hasBegun) await this.server.end()
  }

  private async leaveAlone(): Promise<void> {
    this.isEnding = true
    // One that is loading its data for long is ended in the middle of it.
    await Promise.race([this.looking, this.options.clock.pause(LEAVE_MS)])
  }

  private async lookAfter(running: ProcessIdentity | null): Promise<void> {
    const { log, clock } = this.options
    let server = running
    let pauseMs = LOOK_MS
    for (let tried = performance.now(); !this.isEnding; await clock.pause(LOOK_MS)) {
      if (server !== null && systemProcesses.isAlive(server)) continue
      if (server !== null) log.warn(`the private Redis (pid ${server.pid}) has ended; it is started again`)
      else if (performance.now() - tried < pauseMs) continue
      server = await this.ensure()
      tried = performance.now()
      pauseMs = server === null ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : LOOK_MS
    }
  }

  private async ensure(): Promise<ProcessIdentity | null> {
    const { log } = this.options
    try {
      const { server, found } = await this.server.ensure()
      log.info(`the private Redis ${found ? 'was found running' : 'runs'} (pid ${server.pid})`)
      return server
    } catch (error) {
      const [wayOut] = error instanceof MemoryError ? error.suggestions : []
      log.error([messageOf(error), ...(wayOut === undefined ? [] : [wayOut])].join('; '))
      return null
    }
  }
}

/** Nothing of the hub's own: a password in it would be shown to whoever looks at the server's environment. */
const environmentFrom = (env: Environment): NodeJS.ProcessEnv => ({ PATH: env['PATH'], HOME: env['HOME'], ...(env['TZ'] !== undefined && { TZ: env['TZ'] }) })
