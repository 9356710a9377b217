/** What goes to one client, and how much of it may lie about until the client reads. */
import type net from 'node:net'
import { encodeFrame } from '../client/frames.js'
import { gather } from '../platform/gather.js'

export interface DeliveryLimits {
  /** Bytes that a client may leave unread before nothing more is queued for it. */
  queuedBytes: number
  /** How long it may leave more than that unread, and how long its last replies may take when the hub ends, ms. */
  stuckMs: number
  flushMs: number
}

/** Of about two writes: who waits for them goes on while the hub does. */
const REPLY_BYTES = 100
/** Of what happens nobody waits: there is more of it, for more clients. */
const NOTICE_BYTES = 8 * 1024

export class Delivery {
  private stuck: NodeJS.Timeout | undefined
  private waiting: (() => void)[] = []

  constructor(
    private readonly socket: net.Socket,
    private readonly limits: DeliveryLimits,
  ) {
    socket.on('drain', () => {
      this.release()
    })
    socket.on('close', () => {
      this.release()
    })
  }

  get isFull(): boolean {
    return this.socket.writableLength > this.limits.queuedBytes
  }

  /** Queues the frame, however much lies there already; it goes out with others of this turn, up to `most` bytes. Throws BrokenFrame for one that is too long. */
  send(frame: object, most = REPLY_BYTES): void {
    const bytes = Buffer.from(encodeFrame(frame)) // bytes, because the length of a queued string counts characters
    if (!this.socket.writable) return // the client has gone
    gather(this.socket, most)
    this.socket.write(bytes)
    if (this.isFull) this.expectDrain()
  }

  /** As `send`, with many others; false, and nothing queued, when too much lies there. */
  offer(frame: object): boolean {
    if (this.isFull) return false
    this.send(frame, NOTICE_BYTES)
    return true
  }

  /** As `offer`, when there is room; at once for a client that has gone. */
  async push(frame: object): Promise<void> {
    while (this.isFull && this.socket.writable) await new Promise<void>((resolve) => this.waiting.push(resolve))
    this.send(frame, NOTICE_BYTES)
  }

  /** Closes the connection when everything queued has gone out, or after `flushMs`. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.socket.destroy(), this.limits.flushMs)
      this.socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      if (this.socket.closed) {
        clearTimeout(timer)
        resolve()
      }
      this.socket.end(() => this.socket.destroy())
    })
  }

  private expectDrain(): void {
    this.stuck ??= setTimeout(() => this.socket.destroy(), this.limits.stuckMs)
  }

  private release(): void {
    clearTimeout(this.stuck)
    this.stuck = undefined
    for (const resume of this.waiting.splice(0)) resume()
  }
}
