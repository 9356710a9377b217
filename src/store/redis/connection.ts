/**
 * One connection to one server process. It is not repaired: when it breaks, another one is made, which may lead to another
 * process. Every promise settles within the budget.
 */
import type { Redis } from 'ioredis'
import { StoreUnavailable } from '../../errors/errors.js'
import { systemClock } from '../../platform/clock.js'
import { later } from '../../platform/later.js'
import { LastingPatience, startPatience } from '../../platform/patience.js'
import { anotherServer, type Circumstances, explain, isSuperfluousPassword, silent } from './failures.js'
import { factOf } from './info.js'
import { lightLinkTo } from './light-link.js'
import { type Client, isReply, type Link, type Script } from './link.js'

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

/** A command of Redis that changes nothing, and its arguments. */
export type Question = readonly [command: string, ...args: string[]]

const loadIoredis = later(() => import('./ioredis-link.js'))

/**
 * Connects, logs in, and learns which process it is, in one round trip. Throws StoreUnavailable with the reason, never sent.
 * A password that the server does not want is no error, unless the endpoint says so.
 */
export async function connectRedis(options: ConnectOptions): Promise<FullConnection> {
  const { IoredisLink } = await loadIoredis()
  return connectBy(new IoredisLink(options.endpoint, budgetFor(options)), options)
}

/** The same for a process that makes one call, and subscribes to nothing on this connection. `first`: what it asks first, for `answers`. */
export async function connectBriefly(options: ConnectOptions, first: readonly Question[] = []): Promise<RedisConnection> {
  const link = lightLinkTo(options.endpoint)
  return link === null ? connectRedis(options) : connectBy(link, options, first)
}

const budgetFor = ({ endpoint, budgetMs }: ConnectOptions): number => budgetMs ?? budgetOf(endpoint)

async function connectBy<C extends Client>(link: Link<C>, options: ConnectOptions, first: readonly Question[] = []): Promise<RedisConnection<C>> {
  const { endpoint } = options
  const budgetMs = budgetFor(options)
  const circumstances = { label: labelOf(endpoint), sent: false, password: endpoint.password }
  const start = systemClock.ticks()
  try {
    const [info, answers] = await within(budgetMs, greet(link, endpoint, first), () => silent(circumstances.label, budgetMs, false))
    const greeting = new Map(first.map((question, at) => [nameOf(question), answers[at]]))
    return new RedisConnection(link, options, info, systemClock.ticks() - start, greeting)
  } catch (error) {
    link.destroy()
    throw explain(error, circumstances)
  }
}

/** By ioredis, with all that it can do. */
export type FullConnection = RedisConnection<Redis>

export class RedisConnection<C extends Client = Client> {
  readonly label: string
  readonly budgetMs: number
  /** The server process: another one may have come back with other data. */
  readonly run: string
  readonly version: string
  readonly database: number
  /** False as soon as it is known to be broken or closed. */
  isOpen: boolean
  private waiting = 0
  private isSilent = false
  private readonly patience: LastingPatience

  constructor(
    private readonly link: Link<C>,
    private readonly options: ConnectOptions,
    info: string,
    /** Of connecting and greeting. */
    readonly latencyMs: number,
    /** What was answered with the greeting, for as long as nothing was asked since. */
    private greeting: ReadonlyMap<string, unknown>,
  ) {
    this.label = labelOf(options.endpoint)
    this.budgetMs = options.budgetMs ?? budgetOf(options.endpoint, latencyMs)
    this.run = factOf(info, 'run_id') ?? ''
    this.database = options.endpoint.db ?? 0
    this.version = factOf(info, 'redis_version') ?? ''
    this.patience = new LastingPatience(this.budgetMs, () => {
      this.isSilent = true
      this.end()
    })
    this.isOpen = link.isConnected
    if (this.isOpen) link.onSign(() => this.patience.sign())
    link.onEnd(() => {
      this.isOpen = false
    })
  }

  /** The answers, in their order, to what is asked at once; null: this user is not told. */
  async answers(questions: readonly Question[]): Promise<unknown[]> {
    const greeted = questions.map((question) => this.greeting.get(nameOf(question)))
    this.greeting = NO_GREETING
    return greeted.includes(undefined) ? this.call((client) => Promise.all(askEach(client, questions))) : greeted
  }

  /** Sends what `work` sends. See `asked`. */
  call<T>(work: (client: C) => Promise<T>): Promise<T> {
    return this.asked(() => work(this.link.client))
  }

  /** What a script answers, with every text as a string; the caller says what that is. `args` begin with the keys. */
  evaluate<Reply>(script: Script, args: string[]): Promise<Reply> {
    return this.asked(() => this.link.run(script, args) as Promise<Reply>)
  }

  /** The same, with every text as bytes. */
  evaluateForBytes<Reply>(script: Script, args: string[]): Promise<Reply> {
    return this.asked(() => this.link.runForBytes(script, args) as Promise<Reply>)
  }

  /**
   * A server of which nothing comes in time is given up: the connection is closed. Answers come in the order of the requests, and a large
   * one in many pieces: what others are still answered before, or has begun to come, is not late.
   */
  private async asked<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.isOpen) throw new StoreUnavailable(`the connection to Redis at ${this.label} is closed`, false)
    this.greeting = NO_GREETING
    this.link.gather()
    if (this.waiting++ === 0) this.patience.begin()
    try {
      return await ask()
    } catch (error) {
      throw this.failure(error)
    } finally {
      if (--this.waiting === 0) this.patience.end()
    }
  }

  private failure(error: unknown): Error {
    if (isReply(error)) return explain(error, this.circumstances(false))
    this.end()
    return this.isSilent ? silent(this.label, this.budgetMs, true) : explain(error, this.circumstances(!this.link.isUnsent(error)))
  }

  /** Another connection to the same place. */
  another(): Promise<FullConnection> {
    return connectRedis(this.options)
  }

  onEnd(listener: () => void): void {
    this.link.onEnd(listener)
  }

  /** Ends the socket for real: a silent server must not keep the process alive. */
  close(): Promise<void> {
    this.end()
    return Promise.resolve()
  }

  private end(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.link.destroy()
  }

  private circumstances(sent: boolean): Circumstances {
    return { label: this.label, sent, password: this.options.endpoint.password }
  }
}

const NO_GREETING: ReadonlyMap<string, unknown> = new Map()
const nameOf = (question: Question): string => question.join(' ')

const askEach = (client: Client, questions: readonly Question[]): Promise<unknown>[] =>
  questions.map((question) =>
    client.call(...question).catch((error: unknown) => {
      if (!isReply(error)) throw error
      return null
    }),
  )

/** Returns what the server says of itself, and what it answers to each of `first`. */
async function greet(link: Link, endpoint: RedisEndpoint, first: readonly Question[]): Promise<[info: string, answers: unknown[]]> {
  const { username, password = endpoint.passwordWanted === true ? '' : undefined, db } = endpoint
  await link.connect()
  const { client } = link
  const login = password === undefined ? [] : username === undefined ? [password] : [username, password]
  const sent: Promise<unknown>[] = [
    ...(login.length === 0 ? [] : [client.call('AUTH', ...login).catch(unlessSuperfluous(endpoint))]),
    ...(db === undefined || db === 0 ? [] : [client.call('SELECT', String(db))]),
    client.call('INFO', 'server'),
    ...askEach(client, first),
  ]
  // In their order: after a refused password, everything else is refused for want of one.
  const answers = await Promise.allSettled(sent)
  const refused = answers.find((answer) => answer.status === 'rejected')
  if (refused !== undefined) throw refused.reason as Error
  const [info, ...answered] = (await Promise.all(sent)).slice(-1 - first.length)
  return [String(info), answered]
}

const unlessSuperfluous =
  (endpoint: RedisEndpoint) =>
  (error: unknown): void => {
    if (!isSuperfluousPassword(error)) throw error
    if (endpoint.passwordWanted === true) throw anotherServer(labelOf(endpoint))
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
