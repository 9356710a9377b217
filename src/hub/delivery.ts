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

  /** Queues the frame, however much lies there already. Throws BrokenFrame for one that is too long. */
  send(frame: object): void {
    const bytes = Buffer.from(encodeFrame(frame)) // bytes, because the length of a queued string counts characters
    if (!this.socket.writable) return // the client has gone
    gather(this.socket)
    this.socket.write(bytes)
    if (this.isFull) this.expectDrain()
  }

  /** As `send`; false, and nothing queued, when too much lies there. */
  offer(frame: object): boolean {
    if (this.isFull) return false
    this.send(frame)
    return true
  }

  /** As `send`, when there is room; at once for a client that has gone. */
  async push(frame: object): Promise<void> {
    while (this.isFull && this.socket.writable) await new Promise<void>((resolve) => this.waiting.push(resolve))
    this.send(frame)
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
