/** ioredis as a link: for every place, and for subscriptions. */
import { Command, Redis } from 'ioredis'
import { sha1 } from '../../platform/digests.js'
import { gather } from '../../platform/gather.js'
import { hearLastWords } from '../../platform/last-words.js'
import type { RedisEndpoint } from './connection.js'
import { isReply, type Link, numberOfKeys, type Script } from './link.js'

/** About two writes: Redis begins with them while the next ones are made. */
const SENT_BYTES = 2 * 1024

const digests = new WeakMap<Script, string>()

function digestOf(script: Script): string {
  const digest = digests.get(script) ?? sha1(script.text)
  digests.set(script, digest)
  return digest
}

const isUnknownScript = (error: unknown): boolean => isReply(error) && (error as Error).message.startsWith('NOSCRIPT')

export class IoredisLink implements Link<Redis> {
  readonly client: Redis
  /** What it says when it cannot connect is less than what it has told before. */
  private reason: unknown
  /** Scripts that the server has. */
  private readonly known = new Set<Script>()
  private readonly firsts = new Map<Script, Promise<unknown>>()

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
    return this.perform(script, args, 'utf8')
  }

  runForBytes(script: Script, args: string[]): Promise<unknown> {
    return this.perform(script, args, null)
  }

  /**
   * Calls of a script are carried out in the order in which they come: the first one may have to go once more, as text, and who goes
   * behind it as the digest would overtake those that were sent with it.
   */
  private async perform(script: Script, args: string[], replyEncoding: BufferEncoding | null): Promise<unknown> {
    if (this.known.has(script)) return this.attempt(script, args, replyEncoding)
    const first = this.firsts.get(script)
    if (first !== undefined) {
      await first
      this.gather()
      return this.attempt(script, args, replyEncoding)
    }
    const done = this.attempt(script, args, replyEncoding)
    this.firsts.set(script, done.then(() => this.known.add(script), () => this.firsts.delete(script)))
    return done
  }

  /** By its digest; where the server has not got it, as text, and from then on it has. */
  private async attempt(script: Script, args: string[], replyEncoding: BufferEncoding | null): Promise<unknown> {
    const words = [digestOf(script), ...numberOfKeys(script), ...args]
    try {
      return await this.send('evalsha', words, replyEncoding)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return this.send('eval', [script.text, ...words.slice(1)], replyEncoding)
    }
  }

  /** Past what ioredis does for lists in lists, numbers and objects: it takes longer than all else that it does for sixty words. */
  private send(name: string, words: string[], replyEncoding: BufferEncoding | null): Promise<unknown> {
    const command = new Command(name, [], { replyEncoding })
    command.args = words
    return this.client.sendCommand(command) as Promise<unknown>
  }

  gather(): void {
    gather(this.client.stream, SENT_BYTES)
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
