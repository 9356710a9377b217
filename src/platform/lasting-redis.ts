/**
 * A redis-server in a folder of its own, for good: it may outlive whoever started it, and is found again. Its settings stand in
 * `redis.conf` in that folder; which process it is, in `redis.process`.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryError, messageOf } from '../errors/errors.js'
import { startDetached } from './children.js'
import { isPortFree } from './free-port.js'
import { withOpen, WRITE } from './open-file.js'
import { ownerIn } from './owner.js'
import { formatProcess, identify, parseProcess, type ProcessIdentity, signalProcess, systemProcesses } from './processes.js'
import { redisPid, type RedisWhere } from './redis-wire.js'

export interface LastingRedisPlace {
  folder: string
  /** redis-server or valkey-server, absolute. */
  program: string
  where: RedisWhere
  password: string
}

const READY_MS = 30_000
const END_MS = 8_000
const KILL_MS = 3_000
const LOOK_MS = 20
const LOG_TAIL_LINES = 3

export class LastingRedis {
  /** The one of the last `ensure`: also when somebody has removed its folder with the note. */
  private known: ProcessIdentity | null = null

  constructor(
    private readonly place: LastingRedisPlace,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** The server, when it takes its password: found, or else started. Throws MemoryError `failed` where it does not get ready. */
  async ensure(): Promise<{ server: ProcessIdentity; found: boolean }> {
    const found = await this.find()
    const server = this.note(found ?? (await this.start()))
    const isReady = await until(READY_MS, async () => !systemProcesses.isAlive(server) || (await this.pid()) !== null)
    if (isReady && systemProcesses.isAlive(server)) return { server, found: found !== null }
    throw new MemoryError('failed', `the private Redis in ${this.place.folder} ${isReady ? 'ended at once' : 'does not answer'}`, {
      suggestions: [`look into ${this.log}${this.logTail()}`],
    })
  }

  async isRunning(): Promise<boolean> {
    return (await this.find()) !== null
  }

  /** It has ended, in order if it can, when this resolves. One that does not run is no error. */
  async end(): Promise<void> {
    const server = await this.find()
    if (server === null) return
    const isGone = (): Promise<boolean> => Promise.resolve(!systemProcesses.isAlive(server))
    signalProcess(server, 'SIGTERM')
    if (!(await until(END_MS, isGone))) {
      signalProcess(server, 'SIGKILL')
      if (!(await until(KILL_MS, isGone))) throw new MemoryError('failed', `the private Redis (pid ${server.pid}) does not end`)
    }
    rmSync(this.noteFile, { force: true })
  }

  /** By our note, which also knows one that does not answer; else by asking who answers with our password and settings. */
  private async find(): Promise<ProcessIdentity | null> {
    for (const server of [this.noted(), this.known]) if (server !== null && systemProcesses.isAlive(server)) return server
    const pid = await this.pid()
    return pid === null ? null : identify(pid)
  }

  private async start(): Promise<ProcessIdentity> {
    const { program, folder, where } = this.place
    // One that cannot listen would end at once, and pass for ours as long as it lives.
    if ('port' in where && !(await isPortFree(where.port))) throw portTaken(folder, where.port)
    const options = { env: this.env, cwd: folder, owner: ownerIn(folder), stdout: this.log, stderr: this.log }
    try {
      const child = await startDetached(program, [this.settings], options)
      child.unref()
      return identify(child.pid ?? 0)
    } catch (error) {
      throw new MemoryError('failed', `the private Redis cannot be started: ${messageOf(error)}`, { cause: error })
    }
  }

  private note(server: ProcessIdentity): ProcessIdentity {
    this.known = server
    withOpen(this.noteFile, WRITE, 0o600, (fd) => {
      writeFileSync(fd, formatProcess(server))
    })
    return server
  }

  private noted(): ProcessIdentity | null {
    try {
      return parseProcess(readFileSync(this.noteFile, 'utf8'))
    } catch {
      return null // it was never started
    }
  }

  private pid(): Promise<number | null> {
    return redisPid(this.place.where, this.place.password, this.settings)
  }

  private logTail(): string {
    try {
      return `: ${readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join(' | ')}`
    } catch {
      return '' // it has not come as far as a log
    }
  }

  private get settings(): string {
    return join(this.place.folder, 'redis.conf')
  }

  private get noteFile(): string {
    return join(this.place.folder, 'redis.process')
  }

  private get log(): string {
    return join(this.place.folder, 'redis.log')
  }
}

const portTaken = (folder: string, port: number): MemoryError =>
  new MemoryError('failed', `the private Redis in ${folder} cannot be started: somebody else listens on its port ${port}`, {
    suggestions: ['memory_sync install gives it another port'],
  })

async function until(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() >= deadline) return false
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
  return true
}
