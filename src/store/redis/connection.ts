/**
 * One connection to one server process. It is not repaired: when it breaks, another one is made, which may lead to another
 * process. Every promise settles within the budget.
 */
import { Redis } from 'ioredis'
import { StoreUnavailable } from '../../errors/errors.js'
import { anotherServer, type Circumstances, explain, isReply, isSuperfluousPassword, silent } from './failures.js'
import { gather } from '../../platform/gather.js'
import { LastingPatience, startPatience } from '../../platform/patience.js'
import { scriptDefinitions } from './scripts.js'

export type RedisEndpoint = ({ socket: string } | { host: string; port: number; tls?: boolean }) & {
  username?: string | undefined
  password?: string | undefined
  /** One that takes everybody is refused. */
  passwordWanted?: true | undefined
  db?: number | undefined
}

export interface ConnectOptions {
  endpoint: RedisEndpoint
  /** For connecting and greeting together, and for each request; default `budgetOf(endpoint)`. */
  budgetMs?: number
}

const LOOPBACK_MS = 200
const REMOTE_MS = 2_000

/** How long an answer may take: 200 ms on this machine, else three times what it took last, at most 2 s. */
export function budgetOf(endpoint: RedisEndpoint, lastLatencyMs?: number): number {
  if ('socket' in endpoint || /^(localhost|127\.[\d.]+|::1)$/.test(endpoint.host)) return LOOPBACK_MS
  return lastLatencyMs === undefined ? REMOTE_MS : Math.min(REMOTE_MS, Math.max(LOOPBACK_MS, 3 * lastLatencyMs))
}

/** The server as messages name it: without user and password. */
export const labelOf = (endpoint: RedisEndpoint): string =>
  'socket' in endpoint ? endpoint.socket : `${endpoint.host}:${endpoint.port}`

/**
 * Connects, logs in, and learns which process it is, in one round trip. Throws StoreUnavailable with the reason, never sent.
 * A password that the server does not want is no error, unless the endpoint says so.
 */
export async function connectRedis(options: ConnectOptions): Promise<RedisConnection> {
  const { endpoint } = options
  const budgetMs = options.budgetMs ?? budgetOf(endpoint)
  const circumstances = { label: labelOf(endpoint), sent: false, password: endpoint.password }
  const client = newClient(endpoint, budgetMs)
  let reason: unknown
  client.on('error', (error: unknown) => {
    reason = error
  })
  const start = performance.now()
  try {
    const info = await within(budgetMs, greet(client, endpoint), () => silent(circumstances.label, budgetMs, false))
    return new RedisConnection(client, options, info, performance.now() - start)
  } catch (error) {
    destroy(client)
    throw explain(isReply(error) || error instanceof StoreUnavailable ? error : (reason ?? error), circumstances)
  }
}

export class RedisConnection {
  readonly label: string
  readonly budgetMs: number
  /** The server process: another one may have come back with other data. */
  readonly run: string
  readonly version: string
  /** False as soon as it is known to be broken or closed. */
  isOpen: boolean
  private waiting = 0
  private isSilent = false
  private readonly patience: LastingPatience

  constructor(
    private readonly client: Redis,
    private readonly options: ConnectOptions,
    info: string,
    /** Of connecting and greeting. */
    readonly latencyMs: number,
  ) {
    this.label = labelOf(options.endpoint)
    this.budgetMs = options.budgetMs ?? budgetOf(options.endpoint, latencyMs)
    this.run = factOf(info, 'run_id') ?? ''
    this.version = factOf(info, 'redis_version') ?? ''
    this.patience = new LastingPatience(this.budgetMs, () => {
      this.isSilent = true
      this.end()
    })
    this.isOpen = client.status === 'ready'
    client.once('end', () => {
      this.isOpen = false
    })
  }

  /**
   * Sends what `work` sends. A server that gives no answer in time is given up: the connection is closed. Answers come in the order of the
   * requests, so one that others are still answered before is not late.
   */
  async call<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    if (!this.isOpen) throw new StoreUnavailable(`the connection to Redis at ${this.label} is closed`, false)
    gather(this.client.stream)
    if (this.waiting++ === 0) this.patience.begin()
    try {
      return await work(this.client)
    } catch (error) {
      throw this.failure(error)
    } finally {
      if (--this.waiting === 0) this.patience.end()
      else this.patience.sign()
    }
  }

  private failure(error: unknown): Error {
    if (isReply(error)) return explain(error, this.circumstances(false))
    this.end()
    return this.isSilent ? silent(this.label, this.budgetMs, true) : explain(error, this.circumstances(!isUnsent(error)))
  }

  /** Another connection to the same place. */
  another(): Promise<RedisConnection> {
    return connectRedis(this.options)
  }

  /** For subscriptions: these answer whenever they like. */
  onMessage(listener: (channel: string, payload: unknown) => void): void {
    this.client.on('messageBuffer', (channel: Buffer, payload: unknown) => {
      listener(channel.toString(), payload)
    })
  }

  onEnd(listener: () => void): void {
    this.client.once('end', listener)
  }

  /** Ends the socket for real: a silent server must not keep the process alive. */
  close(): Promise<void> {
    this.end()
    return Promise.resolve()
  }

  private end(): void {
    if (!this.isOpen) return
    this.isOpen = false
    destroy(this.client)
  }

  private circumstances(sent: boolean): Circumstances {
    return { label: this.label, sent, password: this.options.endpoint.password }
  }
}

function newClient(endpoint: RedisEndpoint, budgetMs: number): Redis {
  const place =
    'socket' in endpoint
      ? { path: endpoint.socket }
      : { host: endpoint.host, port: endpoint.port, ...(endpoint.tls === true && { tls: {} }) }
  return new Redis({
    ...place,
    lazyConnect: true,
    protocol: 2, // with RESP3, ioredis 6 delivers no invalidation message
    connectTimeout: budgetMs,
    // A request is sent once, by us or not at all: the caller decides about a second time.
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // The greeting is ours: ioredis would print a warning about a superfluous password, and take a round trip for each step.
    enableReadyCheck: false,
    disableClientInfo: true,
    scripts: scriptDefinitions,
  })
}

/** Returns what the server says of itself. */
async function greet(client: Redis, endpoint: RedisEndpoint): Promise<string> {
  const { username, password = endpoint.passwordWanted === true ? '' : undefined, db } = endpoint
  await client.connect()
  const login = password === undefined ? [] : username === undefined ? [password] : [username, password]
  const sent = [
    ...(login.length === 0 ? [] : [client.call('AUTH', ...login).catch(unlessSuperfluous(endpoint))]),
    ...(db === undefined || db === 0 ? [] : [client.select(db)]),
    client.info('server'),
  ]
  // In their order: after a refused password, everything else is refused for want of one.
  const answers = await Promise.allSettled(sent)
  const refused = answers.find((answer) => answer.status === 'rejected')
  if (refused !== undefined) throw refused.reason as Error
  return sent.at(-1) as Promise<string>
}

const unlessSuperfluous =
  (endpoint: RedisEndpoint) =>
  (error: unknown): void => {
    if (!isSuperfluousPassword(error)) throw error
    if (endpoint.passwordWanted === true) throw anotherServer(labelOf(endpoint))
  }

const factOf = (info: string, name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]

const isUnsent = (error: unknown): boolean => error instanceof Error && error.message.startsWith("Stream isn't writeable")

function destroy(client: Redis): void {
  client.disconnect() // waits 2 s for a silent server to agree
  const { stream } = client as { stream?: Redis['stream'] }
  stream?.destroy()
}

/** Rejects after `ms`. A process that was itself stopped finds the answer and the end of the time together: the answer counts. */
async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let end = (): void => undefined
  const time = new Promise<never>((_, reject) => {
    end = startPatience(ms, () => {
      reject(late())
    })
  })
  try {
    return await Promise.race([work, time])
  } finally {
    end()
  }
}
