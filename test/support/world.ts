/** A root of its own, with a Redis and a hub of its own where the set-up has them. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Memory } from '../../src/core/memory.js'
import { openMemory } from '../../src/memory/open.js'
import { afterwards } from './cleanup.js'
import { eventually } from './eventually.js'
import {
  environmentOf,
  type Program,
  type ProgramOptions,
  type Ran,
  startCli,
  startHub,
} from './program.js'
import { type RedisServer, startRedis } from './redis.js'
import { makeTempFolder } from './temp.js'

export interface SetUp {
  name: string
  redis: boolean
  hub: boolean
}

export const REDIS_AND_HUB: SetUp = { name: 'Redis and hub', redis: true, hub: true }
export const REDIS_ALONE: SetUp = { name: 'Redis without hub', redis: true, hub: false }
export const FILES_AND_HUB: SetUp = { name: 'files only, with hub', redis: false, hub: true }
export const FILES_ALONE: SetUp = { name: 'files only, without hub', redis: false, hub: false }
export const SET_UPS = [REDIS_AND_HUB, REDIS_ALONE, FILES_AND_HUB, FILES_ALONE]

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }
export type AgentRecord = JsonObject & { status?: string; rev?: number; context?: JsonObject }
export type Context = JsonObject & { agents: { [name: string]: AgentRecord } }

/** For what several processes have to do first, on a machine that has other things to do as well. */
export const soon = <T>(attempt: () => T | Promise<T>, what?: string): ReturnType<typeof eventually<T>> =>
  eventually(attempt, { timeoutMs: 30_000, intervalMs: 20, ...(what !== undefined && { what }) })

export interface WorldOptions {
  /** Runs on the empty root, before the hub starts. */
  before?: (root: string) => Promise<void>
  password?: string
}

export class World {
  hub: Program | undefined

  private constructor(
    readonly root: string,
    readonly server: RedisServer | undefined,
    private readonly env: NodeJS.ProcessEnv,
    private readonly redisUrl = server?.url,
  ) {}

  /** A root, without a hub, on a Redis that others may use too. `redis`: the way to it. */
  static async around(server: RedisServer, { redis = server.url }: { redis?: string } = {}): Promise<World> {
    const login = server.password === undefined ? {} : { REDIS_PASSWORD: server.password }
    return new World(await makeTempFolder('ms-'), server, login, redis)
  }

  static async make(setUp: SetUp, { before, password }: WorldOptions = {}): Promise<World> {
    const login = password === undefined ? {} : { password }
    const server = setUp.redis ? await startRedis({ aof: true, ...login }) : undefined
    const root = await makeTempFolder('ms-')
    await before?.(root)
    const world = new World(root, server, password === undefined ? {} : { REDIS_PASSWORD: password })
    if (setUp.hub) await world.startHub()
    return world
  }

  get file(): string {
    return `${this.root}/shared_memory/context.json`
  }

  /** Of a set-up with Redis. */
  get redis(): RedisServer {
    if (this.server === undefined) throw new Error('this set-up has no Redis')
    return this.server
  }

  get options(): ProgramOptions {
    return { root: this.root, redis: this.redisUrl, env: this.env }
  }

  async startHub(options: Partial<ProgramOptions> = {}): Promise<Program> {
    this.hub = await startHub({ ...this.options, ...options })
    return this.hub
  }

  start(...args: string[]): Program {
    return startCli(args, this.options)
  }

  run(...args: string[]): Promise<Ran> {
    return startCli(args, this.options).ended()
  }

  runWith(options: Partial<ProgramOptions>, ...args: string[]): Promise<Ran> {
    return startCli(args, { ...this.options, ...options, env: { ...this.env, ...options.env } }).ended()
  }

  /** stdout; an exit other than 0 is thrown with what the command said. */
  async ok(...args: string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(...args)
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code ?? signal}: ${stderr}${stdout}`)
    return stdout
  }

  async json<T = JsonObject>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T
  }

  /** In this process, as the commands do it; closed when the test ends. */
  async memory(): Promise<Memory> {
    const memory = await openMemory({ root: this.root, env: environmentOf(this.options) })
    afterwards(() => memory.close())
    return memory
  }

  text(): Promise<string> {
    return readFile(this.file, 'utf8')
  }

  /** As somebody does who knows nothing of us: another file in its place. */
  async write(context: Context): Promise<void> {
    await writeFile(`${this.file}.new`, `${JSON.stringify(context, null, 2)}\n`)
    await rename(`${this.file}.new`, this.file)
  }

  async context(): Promise<Context> {
    return JSON.parse(await this.text()) as Context
  }

  /** Waits until the file shows `expected` (an object that the context contains). */
  async showsInFile(expected: object): Promise<void> {
    await eventually(async () => {
      expect(await this.context()).toMatchObject(expected)
      return true
    }, { timeoutMs: 20_000, intervalMs: 25, what: 'what is expected in the file' })
  }

  /** Waits until file and Redis (where there is one) show the same; the context. */
  async quiet(): Promise<Context> {
    if (this.server === undefined) return this.context()
    if (this.hub === undefined) await this.ok('sync')
    // On a busy machine a write may be in the journal only: it is kept, and the hub has not sent it yet.
    await eventually(async () => (await this.json<{ pending: number }>('status')).pending === 0, {
      timeoutMs: 60_000,
      what: 'no pending writes',
    })
    return eventually(async () => {
      const context = await this.context()
      expect(context.agents).toEqual(await this.agentsInRedis())
      return context
    }, { timeoutMs: 30_000, intervalMs: 50, what: 'a file that is equal to Redis' })
  }

  /** What the hashes say, read without any code of the product. */
  async agentsInRedis(): Promise<Context['agents']> {
    const client = await this.redis.client()
    const agents: Context['agents'] = {}
    for (const key of await client.keys('memory:agents:*')) {
      const name = key.slice('memory:agents:'.length)
      const [fields, types] = [await client.hgetall(key), await client.hgetall(`memory:types:${name}`)]
      agents[name] = recordOf(fields, types)
    }
    client.disconnect()
    return agents
  }
}

/** `context` and `rev` are JSON, and so is every field with a type of its own; the others are strings. */
function recordOf(fields: Record<string, string>, types: Record<string, string>): AgentRecord {
  const isJson = (name: string): boolean => name === 'context' || name === 'rev' || types[name] !== undefined
  return Object.fromEntries(
    Object.entries(fields).map(([name, text]) => [name, isJson(name) ? (JSON.parse(text) as Json) : text]),
  )
}

