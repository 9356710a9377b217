/**
 * Where a selftest takes place: a root of its own, a Redis of its own or keys of its own in a given one, and every process that
 * it starts. Nothing of it is left afterwards.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import { endChild, type Finished, runChild, startChild } from '../platform/children.js'
import { makeFolder } from '../platform/make-folder.js'
import { RedisServer } from '../platform/redis-server.js'
import { makeTemporaryFolder } from '../platform/temporary-folder.js'
import type { FullConnection, RedisEndpoint } from '../store/redis/connection.js'
import { keysOf } from './truth.js'

export interface Place {
  /** The program and the first arguments that run memory_sync. */
  program: readonly [string, ...string[]]
  env: NodeJS.ProcessEnv
  /** Where temporary directories are made. */
  temporary: string
  /** A root to use, which may be absent, empty or of a selftest before; else one is made. */
  root?: string
  /** A Redis that is not ours: how commands are told of it, and where it is. */
  given?: { flags: readonly string[]; endpoint: RedisEndpoint }
}

const MARK = '.memory_sync_selftest'
/** A hub that starts waits for minutes where a command on a busy machine does. */
const HUB_READY_MS = 6 * 60_000
const PATIENCE_MS = 5_000

export class Arena {
  private readonly children = new Set<ChildProcess>()
  private hub: ChildProcess | null = null
  private connection: FullConnection | null = null

  private constructor(
    private readonly place: Place,
    readonly root: string,
    private readonly scratch: string,
    readonly server: RedisServer | null,
    readonly namespace: string,
    private readonly hadRoot: boolean,
  ) {}

  /** Throws MemoryError `usage` for a root that holds something else. */
  static async make(place: Place, wantsRedis: boolean, tag: string): Promise<Arena> {
    const hadRoot = place.root !== undefined && existsSync(place.root)
    if (place.root !== undefined) refuseForeign(place.root)
    const scratch = makeTemporaryFolder(place.temporary, 'mss-')
    const root = place.root ?? join(scratch, 'root')
    makeFolder(root)
    writeFileSync(join(root, MARK), 'made by memory_sync selftest, and emptied by it\n')
    const isPrivate = wantsRedis && place.given === undefined
    const server = isPrivate ? await RedisServer.start(scratch, cleanEnvironment(place.env), { durable: true }) : null
    return new Arena(place, root, scratch, server, place.given === undefined ? 'memory' : `selftest-${tag}`, hadRoot)
  }

  get file(): string {
    return join(this.root, 'shared_memory', 'context.json')
  }

  get usesRedis(): boolean {
    return this.server !== null || this.place.given !== undefined
  }

  /** Nothing of the user's settings but, with a given Redis, how to log in there. */
  get env(): NodeJS.ProcessEnv {
    const { given, env } = this.place
    const redis = this.server !== null ? { MEMORY_SYNC_REDIS_URL: this.server.url } : given === undefined ? { MEMORY_SYNC_REDIS: 'off' } : {}
    return {
      ...(given === undefined ? cleanEnvironment(env) : env),
      ...redis,
      ...{ MEMORY_SYNC_ROOT: this.root, MEMORY_SYNC_NAMESPACE: this.namespace, MEMORY_SYNC_AGENT: 'selftest' },
      MEMORY_SYNC_CONTENT_TYPE: undefined, // what they say is read as text
      ...(given === undefined && { XDG_CONFIG_HOME: join(this.scratch, 'config') }),
    }
  }

  /** Ended with the arena, if not before. */
  command(...args: string[]): Promise<Finished> {
    const [file, ...first] = this.place.program
    const started = (child: ChildProcess): void => {
      this.own(child)
    }
    return runChild(file, [...first, ...args, ...this.flags], this.env, { started })
  }

  /** A command that goes on; ended with the arena, if not before. */
  start(args: readonly string[], line: (text: string) => void, complaint: (text: string) => void): ChildProcess {
    const [file, ...first] = this.place.program
    const child = startChild(file, [...first, ...args, ...this.flags], this.env, line, { input: true, complaint })
    this.own(child)
    return child
  }

  /** Throws MemoryError `failed` where it does not get ready. */
  async startHub(): Promise<void> {
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const refuse = (why: string): void => {
        reject(new MemoryError('failed', `the hub ${why}: ${said.trim()}`))
      }
      const timer = setTimeout(refuse, HUB_READY_MS, 'did not get ready')
      const hub = this.start(['hub'], (line) => {
        said += `${line}\n`
        if (!line.includes(' ready: ')) return
        clearTimeout(timer)
        resolve()
      }, (text) => (said += text))
      this.hub = hub
      hub.once('exit', () => {
        clearTimeout(timer)
        refuse('ended')
      })
    })
  }

  async endHub(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.hub !== null) await endChild(this.hub, signal)
    this.hub = null
  }

  /** For a look of our own, as any other program would take it. */
  async redis(): Promise<FullConnection> {
    if (this.connection?.isOpen === true) return this.connection
    const endpoint = this.server === null ? this.place.given!.endpoint : { socket: this.server.socket }
    const { connectRedis } = await import('../store/redis/load.js')
    return (this.connection = await connectRedis({ endpoint, budgetMs: PATIENCE_MS }))
  }

  /** Ends every process. */
  async endProcesses(): Promise<void> {
    await Promise.all([...this.children].map((child) => endChild(child, 'SIGKILL')))
  }

  async clean({ keepRoot }: { keepRoot: boolean }): Promise<void> {
    await this.endProcesses()
    if (this.place.given !== undefined) await this.removeKeys()
    await this.connection?.close()
    await this.server?.kill()
    if (keepRoot) return
    const inside = this.hadRoot ? readdirSync(this.root).map((name) => join(this.root, name)) : [this.root]
    for (const path of [...inside, this.scratch]) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  }

  private own(child: ChildProcess): void {
    this.children.add(child)
    child.once('exit', () => this.children.delete(child))
  }

  private get flags(): readonly string[] {
    return this.place.given?.flags ?? []
  }

  private async removeKeys(): Promise<void> {
    const redis = await this.redis()
    const keys = await keysOf(redis, `${this.namespace}:*`)
    if (keys.length > 0) await redis.call((client) => client.unlink(...keys))
  }
}

/** Without what would lead to the user's own root, Redis or settings. */
const cleanEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(MEMORY_SYNC_|REDIS_|LUKA_SOT$)/.test(name)))

function refuseForeign(root: string): void {
  if (!existsSync(root) || existsSync(join(root, MARK)) || readdirSync(root).length === 0) return
  throw new MemoryError('usage', `${root} holds something that no selftest has made`, {
    suggestions: ['name a directory that is empty or not there, or leave --root out: then a temporary one is made'],
  })
}
