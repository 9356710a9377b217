/** One connection to a hub: calls go out, replies find their call. Nothing here waits: budgets belong to the caller. */
import type net from 'node:net'
import { MemoryError, messageOf, StoreUnavailable } from '../errors/errors.js'
import { gather } from '../platform/gather.js'
import { BrokenFrame, encodeFrame, FrameReader } from './frames.js'
import { type CallName, type EndReason, fromWireError, type LastingCall, type Reply, replyOf } from './protocol.js'

/** There is no hub to talk to any more, or it does not answer. What it was asked can be asked elsewhere, with the same id. */
export class HubGone extends StoreUnavailable {}

/** Who waits for the replies to a call. After `ok`, `end` or `failed` nothing comes any more. */
export interface ReplyTaker {
  notice(value: unknown): void
  ok(value: unknown): void
  end(reason: EndReason): void
  failed(error: MemoryError): void
}

export class HubConnection {
  /** When the hub was last heard of, on the clock of `performance.now()`. */
  heardAt = 0
  /** When the last ping that was answered was sent: replies come in the order in which the hub sent them, so the next one was sent later. */
  provenAt = 0
  private readonly takers = new Map<number, ReplyTaker>()
  private readonly reader = new FrameReader()
  private nextNumber = 1
  private lost: string | null = null

  /** `socket` is connected. */
  constructor(private readonly socket: net.Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.receive(chunk)
    })
    socket.on('error', (error) => {
      this.lose(messageOf(error))
    })
    socket.on('close', () => {
      this.lose('the hub has closed the connection')
    })
  }

  get isOpen(): boolean {
    return this.lost === null
  }

  /** Sends a call and returns its number. Throws HubGone when nothing was sent. */
  call(name: CallName | LastingCall, args: object, taker: ReplyTaker): number {
    if (this.lost !== null) throw new HubGone(this.lost, false)
    const n = this.nextNumber++
    const frame = frameOf({ n, call: name, args })
    this.takers.set(n, taker)
    gather(this.socket)
    this.socket.write(frame)
    return n
  }

  /** Nobody waits for this call any more; a reply that still comes is dropped. */
  forget(n: number): void {
    this.takers.delete(n)
  }

  /** Ends a stream, or a waiting. The hub answers all the same. A write that was sent cannot be taken back. */
  cancel(n: number): void {
    if (this.lost === null) this.socket.write(encodeFrame({ n, cancel: true }))
  }

  /** While paused nothing is read: the hub sees a reader that is slow. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  close(reason = 'the connection was closed here'): void {
    this.lose(reason)
    this.socket.destroy()
  }

  private receive(chunk: Buffer): void {
    this.heardAt = performance.now()
    try {
      for (const frame of this.reader.push(chunk)) this.deliver(replyOf(frame))
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error
      this.close(`the hub sent what is no reply: ${error.message}`)
    }
  }

  private deliver(reply: Reply | null): void {
    if (reply === null) throw new BrokenFrame('a frame is no reply')
    const taker = this.takers.get(reply.n)
    if ('notice' in reply) {
      taker?.notice(reply.notice)
      return
    }
    this.takers.delete(reply.n)
    if ('ok' in reply) taker?.ok(reply.ok)
    else if ('end' in reply) taker?.end(reply.end)
    else taker?.failed(fromWireError(reply.error))
  }

  private lose(reason: string): void {
    if (this.lost !== null) return
    this.lost = reason
    const waiting = [...this.takers.values()]
    this.takers.clear()
    for (const taker of waiting) taker.failed(new HubGone(reason, true))
  }
}

function frameOf(request: object): string {
  try {
    return encodeFrame(request)
  } catch (error) {
    if (!(error instanceof BrokenFrame)) throw error
    throw new MemoryError('usage', `this cannot be sent in one call: ${error.message}`)
  }
}
