/** ioredis as a link: for every place, and for subscriptions. */
import { Redis } from 'ioredis'
import { gather } from '../../platform/gather.js'
import { hearLastWords } from '../../platform/last-words.js'
import type { RedisEndpoint } from './connection.js'
import type { Link, Script } from './link.js'

type Scripted = Record<string, ((args: string[]) => Promise<unknown>) | undefined>

export class IoredisLink implements Link<Redis> {
  readonly client: Redis
  /** What it says when it cannot connect is less than what it has told before. */
  private reason: unknown

  constructor(endpoint: RedisEndpoint, budgetMs: number) {
    const place =
      'socket' in endpoint
        ? { path: endpoint.socket }
        : { host: endpoint.host, port: endpoint.port, ...(endpoint.tls === true && { tls: {} }) }
    this.client = new Redis({
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
    })
    this.client.on('error', (error: unknown) => {
      this.reason = error
    })
  }

  async connect(): Promise<void> {
    try {
      await this.client.connect()
      hearLastWords(this.client.stream)
    } catch (error) {
      throw this.reason ?? error
    }
  }

  get isConnected(): boolean {
    return this.client.status === 'ready'
  }

  onEnd(listener: () => void): void {
    this.client.once('end', listener)
  }

  onSign(listener: () => void): void {
    this.client.stream.on('data', listener)
  }

  run(script: Script, args: string[]): Promise<unknown> {
    return this.scripted(script)[script.name]!(args)
  }

  runForBytes(script: Script, args: string[]): Promise<unknown> {
    return this.scripted(script)[`${script.name}Buffer`]!(args)
  }

  /** ioredis sends a script's text once a connection, and its digest from then on. */
  private scripted({ name, text, keyCount }: Script): Scripted {
    const scripted = this.client as unknown as Scripted
    if (scripted[name] === undefined) this.client.defineCommand(name, { lua: text, ...(keyCount !== null && { numberOfKeys: keyCount }) })
    return scripted
  }

  gather(): void {
    gather(this.client.stream)
  }

  isUnsent(error: unknown): boolean {
    return error instanceof Error && error.message.startsWith("Stream isn't writeable")
  }

  destroy(): void {
    this.client.disconnect() // waits 2 s for a silent server to agree
    const { stream } = this.client as { stream?: Redis['stream'] }
    stream?.destroy()
  }
}
