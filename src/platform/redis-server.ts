/**
 * A redis-server of our own on a Unix socket in a directory of ours: it may be killed, stopped, emptied and set back, which nobody
 * may do to a Redis that was there before.
 */
import type { ChildProcess } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import { endChild, hasProgram, startChild } from './children.js'
import { makeFolder } from './make-folder.js'

/** By what it is installed as. */
export const SERVER_PROGRAMS = ['redis-server', 'valkey-server']

/** null: none is on the PATH. */
export const serverOnPath = (): string | null => SERVER_PROGRAMS.find(hasProgram) ?? null

const READY_MS = 20_000
const LOOK_MS = 20

/** What a server finds when it is started again: all of its data, nothing, or what `keepCopy` put by. */
export type Data = 'kept' | 'lost' | 'older'

export class RedisServer {
  private child: ChildProcess | null = null

  private constructor(
    private readonly program: string,
    private readonly directory: string,
    private readonly env: NodeJS.ProcessEnv,
    /** Every answered write survives SIGKILL. */
    private readonly durable: boolean,
  ) {}

  /** null: none is installed. Throws MemoryError `failed` where it does not get ready. */
  static async start(directory: string, env: NodeJS.ProcessEnv, { durable }: { durable: boolean }): Promise<RedisServer | null> {
    const program = serverOnPath()
    if (program === null) return null
    const server = new RedisServer(program, directory, env, durable)
    await server.launch()
    return server
  }

  get socket(): string {
    return join(this.directory, 'redis.sock')
  }

  get url(): string {
    return `unix://${this.socket}`
  }

  /** SIGSTOP: it takes connections and never answers, until SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(name)
  }

  async kill(): Promise<void> {
    if (this.child !== null) await endChild(this.child, 'SIGKILL')
    this.child = null
  }

  /** Puts the data by as it is now. */
  keepCopy(): void {
    this.signal('SIGSTOP')
    rmSync(this.at('older'), { recursive: true, force: true })
    cpSync(this.at('data'), this.at('older'), { recursive: true })
    this.signal('SIGCONT')
  }

  async restart(data: Data): Promise<void> {
    await this.kill()
    if (data !== 'kept') rmSync(this.at('data'), { recursive: true, force: true })
    if (data === 'older' && existsSync(this.at('older'))) cpSync(this.at('older'), this.at('data'), { recursive: true })
    await this.launch()
  }

  private at(name: string): string {
    return join(this.directory, name)
  }

  private async launch(): Promise<void> {
    makeFolder(this.at('data'))
    rmSync(this.socket, { force: true })
    const child = startChild(this.program, this.arguments(), this.env, () => undefined)
    this.child = child
    const deadline = performance.now() + READY_MS
    while (!(await answers(this.socket))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() >= deadline) {
        await endChild(child, 'SIGKILL')
        throw new MemoryError('failed', `a private ${this.program} in ${this.directory} did not get ready`, {
          suggestions: [`look whether ${this.program} runs by hand, and whether the disk is full`],
        })
      }
      await new Promise((done) => setTimeout(done, LOOK_MS))
    }
  }

  private arguments(): string[] {
    return [
      ...['--port', '0', '--unixsocket', this.socket, '--unixsocketperm', '600', '--dir', this.at('data'), '--save', ''],
      ...['--appendonly', this.durable ? 'yes' : 'no', '--appendfsync', 'always', '--loglevel', 'warning'],
    ]
  }
}

/** One PING, spelled out: the platform knows no client. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
    const end = (is: boolean): void => {
      connection.destroy()
      resolve(is)
    }
    connection.setTimeout(500, () => {
      end(false)
    })
    connection.once('error', () => {
      end(false)
    })
    connection.once('data', (answer) => {
      end(answer.toString().startsWith('+PONG'))
    })
    connection.once('connect', () => connection.write('PING\r\n'))
  })
}
