/** One client's connection. Whatever the client does, it hurts nobody but itself. */
import type net from 'node:net'
import { BrokenFrame, FrameReader } from '../client/frames.js'
import { type CallName, type EndReason, type HubInfo, PROTOCOL, type Request, requestOf, toWireError } from '../client/protocol.js'
import { foreseen, MemoryError } from '../errors/errors.js'
import type { Answer, Call, Outlet } from './calls.js'
import { Delivery, type DeliveryLimits } from './delivery.js'
import { helloArgs, parseArgs } from './requests.js'

export interface SessionLimits extends DeliveryLimits {
  /** Calls that one client may have running; more are read when some of these are done. */
  running: number
  frameBytes: number
}

export interface SessionHost {
  readonly hub: HubInfo
  readonly calls: Readonly<Record<CallName, Call>>
  readonly limits: SessionLimits
  /** A client asked the hub to end. */
  stopAsked(): void
  /** A client said hello. */
  greeted(version: string | undefined): void
  /** A bug: an error that nobody foresaw. */
  bug(error: unknown): void
}

interface Running {
  abort: AbortController
  done: Promise<void>
}

class CallOutlet implements Outlet {
  constructor(
    private readonly n: number,
    private readonly abort: AbortController,
    private readonly delivery: Delivery,
  ) {}

  /** Made when it is asked for: most calls do not, and it costs more than all else that is done for one here. */
  get signal(): AbortSignal {
    return this.abort.signal
  }

  offer(notice: unknown): boolean {
    return this.delivery.offer({ n: this.n, notice })
  }

  push(notice: unknown): Promise<void> {
    return this.delivery.push({ n: this.n, notice })
  }
}

export class Session {
  private readonly reader: FrameReader
  private readonly delivery: Delivery
  private readonly running = new Map<number, Running>()
  /** What has arrived and was not looked at yet, because enough is running. */
  private readonly arrived: Generator<unknown>[] = []
  private protocol: number | null = null
  private isEnding = false
  private readonly closed: Promise<void>

  constructor(
    private readonly socket: net.Socket,
    private readonly host: SessionHost,
    gone: (session: Session) => void,
  ) {
    this.reader = new FrameReader(host.limits.frameBytes)
    this.delivery = new Delivery(socket, host.limits)
    socket.on('data', (chunk: Buffer) => {
      this.arrived.push(this.reader.push(chunk))
      this.proceed()
    })
    socket.on('error', () => undefined) // a client that breaks off is no event; 'close' follows
    socket.on('drain', () => {
      this.proceed()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.abortAll('cancelled')
        gone(this)
        resolve()
      })
    })
  }

  /** Nothing more is read; what runs is finished and answered, streams end with `stopping`, then the connection closes. */
  async finish(): Promise<void> {
    this.isEnding = true
    this.socket.pause()
    this.abortAll('stopping')
    const answered = Promise.all([...this.running.values()].map(({ done }) => done))
    await Promise.race([answered, this.closed]) // who has gone is not waited for
    await this.delivery.finish()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** A client that asks faster than it reads, or than it can be answered, is not listened to for a while. */
  private proceed(): void {
    try {
      while (!this.isBusy && this.arrived.length > 0) this.takeNext()
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error
      this.refuse(error.message)
    }
    if (this.isBusy) this.socket.pause()
    else this.socket.resume()
  }

  private get isBusy(): boolean {
    return this.isEnding || this.running.size >= this.host.limits.running || this.delivery.isFull
  }

  private takeNext(): void {
    const next = this.arrived[0]!.next()
    if (next.done === true) this.arrived.shift()
    else this.take(requestOf(next.value))
  }

  private take(request: Request | null): void {
    if (request === null) throw new BrokenFrame('a frame is no request')
    if ('cancel' in request) this.running.get(request.n)?.abort.abort('cancelled' satisfies EndReason)
    else if (this.running.has(request.n)) throw new BrokenFrame(`the number ${request.n} is in use`)
    else this.begin(request.n, request.call, request.args)
  }

  /** What follows a broken frame cannot be told from its rest: the client hears why, and is left. */
  private refuse(reason: string): void {
    this.isEnding = true
    this.abortAll('cancelled')
    this.delivery.send({ n: 0, error: toWireError(new MemoryError('usage', reason)) })
    void this.delivery.finish()
  }

  private begin(n: number, name: string, args: unknown): void {
    const abort = new AbortController()
    const done = this.answer(name, args, new CallOutlet(n, abort, this.delivery))
      .catch((error: unknown) => this.failure(error))
      .then((reply) => {
        this.reply(n, reply)
        this.running.delete(n)
        this.proceed()
      })
    this.running.set(n, { abort, done })
  }

  private async answer(name: string, args: unknown, outlet: Outlet): Promise<Answer> {
    switch (name) {
      case 'ping':
        return { ok: true }
      case 'hello':
        return this.hello(args)
      case 'stop':
        this.host.stopAsked()
        return { ok: true }
    }
    if (this.protocol !== PROTOCOL) throw new MemoryError('usage', 'the hub speaks another version of the protocol')
    const call = Object.hasOwn(this.host.calls, name) ? this.host.calls[name as CallName] : undefined
    if (call === undefined) throw new MemoryError('usage', `the hub knows no call ${JSON.stringify(name)}`)
    return call(args, outlet)
  }

  private hello(args: unknown): Answer {
    const { protocol, version } = parseArgs(helloArgs, args)
    this.protocol = protocol
    this.host.greeted(version)
    return { ok: this.host.hub }
  }

  private failure(error: unknown): { error: ReturnType<typeof toWireError> } {
    if (foreseen(error) === null) this.host.bug(error)
    return { error: toWireError(error) }
  }

  private reply(n: number, reply: Answer | ReturnType<Session['failure']>): void {
    try {
      this.delivery.send({ n, ...reply })
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error
      this.delivery.send({ n, error: toWireError(new MemoryError('failed', `the answer cannot be sent: ${error.message}`)) })
    }
  }

  private abortAll(reason: EndReason): void {
    for (const { abort } of this.running.values()) abort.abort(reason)
  }
}
