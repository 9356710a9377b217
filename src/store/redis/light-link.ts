/**
 * A link for a process that makes one call, in which to load ioredis, node:net and node:crypto takes longer than the call itself. It
 * leads to a Unix socket, to localhost or to an address in numbers, without TLS; it sends each script as text; it cannot subscribe.
 */
import { type BriefSocket, kindOf, type SocketPlace, socketUnderNet, type UnderNet, underNet } from '../../platform/brief-socket.js'
import type { RedisEndpoint } from './connection.js'
import { type Client, type Link, numberOfKeys, type Script } from './link.js'
import { encodeCommand, ReplyError, ReplyReader } from './resp.js'

interface Request {
  as: 'text' | 'bytes'
  resolve: (reply: unknown) => void
  reject: (error: Error) => void
}

/** Names are looked up by ioredis, which tries their addresses as node:net does: but for this one, of which each answers at once or not at all. */
const LOCALHOST = 'localhost'
const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const IPV4 = new RegExp(`^(${OCTET}\\.){3}${OCTET}$`)
const isNumeric = (host: string): boolean => IPV4.test(host) || (host.includes(':') && URL.canParse(`http://[${host}]`))

/** null: what is under node:net is not to be had, or would not do for this place. */
export function lightLinkTo(endpoint: RedisEndpoint): Link | null {
  const place = placeOf(endpoint)
  const under = place === null ? null : underNet(kindOf(place))
  return place === null || under === null ? null : new LightLink(place, under)
}

function placeOf(endpoint: RedisEndpoint): SocketPlace | null {
  if ('socket' in endpoint) return { socket: endpoint.socket }
  const { host, port, tls } = endpoint
  return tls !== true && (host === LOCALHOST || isNumeric(host)) ? { host, port } : null
}

async function addressesOf(place: SocketPlace): Promise<SocketPlace[]> {
  if ('socket' in place || place.host !== LOCALHOST) return [place]
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  const found = await lookup(place.host, { all: true })
  return found.map(({ address }) => ({ host: address, port: place.port }))
}

class Unsent extends Error {}

const CLOSED = 'Connection is closed.'

const wordsOf = (script: Script, args: string[]): string[] => ['EVAL', script.text, ...numberOfKeys(script), ...args]

class LightLink implements Link {
  isConnected = false
  readonly client: Client = { call: (...words) => this.ask(words, 'text') }
  private socket: BriefSocket | null = null
  private readonly replies = new ReplyReader()
  /** Not answered yet, in their order. */
  private readonly requests: Request[] = []
  private unsent = ''
  private whyEnded: string | null = null
  private tellEnd: () => void = () => undefined
  private sign: () => void = () => undefined

  constructor(
    private readonly place: SocketPlace,
    private readonly under: UnderNet,
  ) {}

  async connect(): Promise<void> {
    let why = ''
    for (const place of await addressesOf(this.place)) {
      if (this.whyEnded !== null) break
      why = await this.attempt(place)
      if (this.isConnected) return
    }
    this.end(`connect ${why}`)
    throw new Error(this.whyEnded!)
  }

  /** Why it could not be connected; of no meaning where it could. */
  private attempt(place: SocketPlace): Promise<string> {
    return new Promise((resolve) => {
      const gone = (why = ''): void => {
        if (this.isConnected) return this.end(why)
        this.socket?.close()
        resolve(why)
      }
      const connected = (): void => {
        this.isConnected = this.whyEnded === null
        resolve(CLOSED)
      }
      this.socket = socketUnderNet(place, { connected, data: (bytes) => this.take(bytes), gone }, this.under)
    })
  }

  onEnd(listener: () => void): void {
    const told = this.tellEnd
    this.tellEnd = () => {
      told()
      listener()
    }
  }

  onSign(listener: () => void): void {
    this.sign = listener
  }

  run(script: Script, args: string[]): Promise<unknown> {
    return this.ask(wordsOf(script, args), 'text')
  }

  runForBytes(script: Script, args: string[]): Promise<unknown> {
    return this.ask(wordsOf(script, args), 'bytes')
  }

  gather(): void {
    // It always does.
  }

  isUnsent(error: unknown): boolean {
    return error instanceof Unsent
  }

  destroy(): void {
    this.end('')
  }

  private ask(words: string[], as: Request['as']): Promise<unknown> {
    if (!this.isConnected) return Promise.reject(new Unsent(this.whyEnded ?? 'it is not connected'))
    if (this.unsent === '') process.nextTick(() => this.send())
    this.unsent += encodeCommand(words)
    return new Promise((resolve, reject) => this.requests.push({ as, resolve, reject }))
  }

  private send(): void {
    if (!this.isConnected) return
    const bytes = Buffer.from(this.unsent)
    this.unsent = ''
    this.socket!.write(bytes)
    this.answer() // who is not let in may have been told so before it has asked for anything
  }

  private take(bytes: Buffer): void {
    this.sign()
    this.replies.push(bytes)
    this.answer()
  }

  private answer(): void {
    try {
      for (let request = this.requests[0]; request !== undefined; request = this.requests[0]) {
        const reply = this.replies.next(request.as)
        if (reply === undefined) return
        this.requests.shift()
        if (reply instanceof ReplyError) request.reject(reply)
        else request.resolve(reply)
      }
    } catch (error) {
      this.end((error as Error).message)
    }
  }

  private end(why: string): void {
    if (this.whyEnded !== null) return
    this.isConnected = false
    this.whyEnded = why === '' || why === 'EOF' ? CLOSED : why
    this.socket?.close()
    for (const { reject } of this.requests.splice(0)) reject(new Error(this.whyEnded))
    this.tellEnd()
  }
}
