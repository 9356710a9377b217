import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {mkdir, rm} from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import type {Redis as RedisClient, RedisOptions} from 'ioredis'
import {afterwards} from './cleanup.js'
import {eventually} from './eventually.js'
import {makeTempFolder, removeTempFolder} from './temp.js'

/** ioredis' own, but for the option that changes the types of its replies. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>

export interface RedisServerOptions {
  /**
   * Append-only file, written before a command is answered, so that this survives SIGKILL. Never synced to the disk: one that is busy for a
   * while would make the server silent for as long. Default off.
   */
  aof?: boolean
  password?: string
  /** Listen on a free port of 127.0.0.1 as well. Default: Unix socket only. */
  tcp?: boolean
  /** More arguments of redis-server: `['--maxmemory', '4mb']`. */
  args?: readonly string[]
}

export interface RedisServer {
  readonly socketPath: string
  /** `redis://127.0.0.1:<port>` with `tcp`, else `unix://<socketPath>`; never with the password. */
  readonly url: string
  readonly port: number | undefined
  readonly password: string | undefined
  /** The folder with the data; it survives `kill` and `restart`. */
  readonly dataFolder: string
  /** Of the running server; throws when none runs. */
  readonly pid: number
  /** What the server printed: for messages of failed tests. */
  log(): string
  /** Sends a signal; resolves when it has ended for SIGKILL, SIGTERM and SIGINT, at once for the others (SIGSTOP, SIGCONT). */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Ends it with SIGKILL if it still runs, and starts it on the same socket, port and data; `wipe`: without its data. */
  restart(options?: {wipe?: boolean}): Promise<void>
  /** Ends it and removes its folder. Called by itself when the test ends; more than once is harmless. */
  stop(): Promise<void>
  /** A connected client, closed by `stop`. */
  client(options?: ClientOptions): Promise<RedisClient>
}

const running = new Set<ChildProcess>()

// A test process that is ended in the middle of a test runs no hook; a server of its own must not outlive it.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a private redis-server and waits until it answers; stopped and removed when the test (or the file) ends. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await makeTempFolder('msr-')
  const server = new PrivateRedis(folder, options)
  afterwards(() => server.stop())
  await server.start()
  return server
}

const ENDING = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT'])
const START_ATTEMPTS = 5

class PrivateRedis implements RedisServer {
  readonly socketPath: string
  readonly dataFolder: string
  readonly password: string | undefined
  port: number | undefined
  private child: ChildProcess | undefined
  private readonly clients = new Set<RedisClient>()

  constructor(
    private readonly folder: string,
    private readonly options: RedisServerOptions,
  ) {
    this.socketPath = path.join(folder, 'r.sock')
    this.dataFolder = path.join(folder, 'data')
    this.password = options.password
  }

  get url(): string {
    return this.port === undefined ? `unix://${this.socketPath}` : `redis://127.0.0.1:${this.port}`
  }

  get pid(): number {
    const pid = this.child?.pid
    if (pid === undefined) throw new Error('this redis-server does not run')
    return pid
  }

  log(): string {
    try {
      return readFileSync(path.join(this.folder, 'log'), 'utf8')
    } catch {
      return '' // ended before it had opened its log
    }
  }

  /** Between asking for a free port and binding it another process may take it: then another port. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (this.options.tcp === true) this.port = await freePort()
      try {
        await this.launch()
        return
      } catch (error) {
        await this.kill('SIGKILL')
        const portTaken = this.options.tcp === true && /Address already in use/i.test(this.log())
        if (!portTaken || attempt === START_ATTEMPTS) throw error
      }
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const {child} = this
    if (child === undefined || hasEnded(child)) return
    const ended = ENDING.has(signal) ? once(child, 'exit') : undefined
    child.kill(signal)
    if (ended === undefined) return
    await ended
    running.delete(child)
    this.child = undefined
  }

  async restart({wipe = false}: {wipe?: boolean} = {}): Promise<void> {
    await this.kill('SIGKILL')
    if (wipe) await rm(this.dataFolder, {recursive: true, force: true})
    await this.launch()
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect()
    this.clients.clear()
    await this.kill('SIGKILL')
    await removeTempFolder(this.folder)
  }

  async client(options: ClientOptions = {}): Promise<RedisClient> {
    const {Redis} = await import('ioredis')
    const client = new Redis({
      path: this.socketPath,
      lazyConnect: true,
      ...(this.password === undefined ? {} : {password: this.password}),
      ...options,
    })
    // Servers are killed on purpose here, and an 'error' event without a listener is printed.
    client.on('error', () => undefined)
    this.clients.add(client)
    await client.connect()
    return client
  }

  private async launch(): Promise<void> {
    await mkdir(this.dataFolder, {recursive: true})
    await rm(this.socketPath, {force: true})
    const child = spawn(process.env['MEMORY_SYNC_TEST_REDIS_SERVER'] ?? 'redis-server', this.commandLine(), {stdio: 'ignore'})
    this.child = child
    running.add(child)
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = new Error(`redis-server cannot be started (${error.message}); scripts/ensure-test-tools.sh installs it`, {cause: error})
    })
    await eventually(
      async () => {
        if (failure !== undefined || hasEnded(child)) return 'ended'
        await ping(this.socketPath, this.password)
        return 'answers'
      },
      {timeoutMs: 20_000, what: 'a PONG of redis-server'},
    )
    if (failure !== undefined) throw failure
    if (hasEnded(child)) throw new Error(`redis-server ended at its start:\n${this.log()}`)
  }

  private commandLine(): string[] {
    const {aof = false, args = []} = this.options
    return [
      ...['--port', String(this.port ?? 0), '--bind', '127.0.0.1'],
      ...['--unixsocket', this.socketPath, '--unixsocketperm', '600'],
      ...['--dir', this.dataFolder, '--logfile', path.join(this.folder, 'log'), '--daemonize', 'no'],
      ...['--save', '', '--appendonly', aof ? 'yes' : 'no', '--appendfsync', 'no'],
      ...(this.password === undefined ? [] : ['--requirepass', this.password]),
      ...args,
    ]
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port === 6379 ? freePort() : port
}

/** One PING in plain RESP, so that a fault of the client library cannot look like a fault of the server. */
function ping(socketPath: string, password: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath)
    let answer = ''
    const settle = (error?: Error): void => {
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }

    socket.setTimeout(500, () => settle(new Error('no answer within 500 ms')))
    socket.on('error', settle)
    socket.on('close', () => settle(new Error('the connection was closed')))
    socket.on('connect', () => {
      if (password !== undefined) socket.write(`*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n`)
      socket.write('*1\r\n$4\r\nPING\r\n')
    })
    socket.on('data', (chunk) => {
      answer += chunk.toString()
      if (answer.includes('+PONG')) settle()
      else if (/^-/m.test(answer)) settle(new Error(answer.trim()))
    })
  })
}
