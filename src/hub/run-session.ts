/** One run, on a connection of its own. */
import type net from 'node:net'
import { decodeRun, encodeReply, LIFE_MS, NOT_MINE } from '../client/run-wire.js'
import { messageOf } from '../errors/errors.js'
import { type RunHost, runOf } from './runs.js'

/** Longer command lines than any system takes. */
const MAX_BYTES = 16 * 1024 * 1024

export interface RunSessionHost {
  /** null: this hub runs nothing for others. */
  readonly runs: RunHost | null
  readonly flushMs: number
  bug(error: unknown): void
}

export class RunSession {
  private bytes: Buffer = Buffer.alloc(0)
  private running: Promise<void> | null = null
  private readonly closed: Promise<void>

  constructor(
    private readonly socket: net.Socket,
    private readonly host: RunSessionHost,
    gone: (session: RunSession) => void,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.receive(chunk)
    })
    socket.on('error', () => undefined) // a client that breaks off is no event; 'close' follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        gone(this)
        resolve()
      })
    })
  }

  /** What runs is finished and answered; then the connection closes. */
  async finish(): Promise<void> {
    if (this.running === null) this.socket.destroy()
    await this.running
    const timer = setTimeout(() => this.socket.destroy(), this.host.flushMs)
    await this.closed
    clearTimeout(timer)
  }

  destroy(): void {
    this.socket.destroy()
  }

  private receive(chunk: Buffer): void {
    if (this.running !== null) return
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    const request = this.bytes.length > MAX_BYTES ? null : decodeRun(this.bytes)
    if (request === undefined) return
    const { runs } = this.host
    const run = request === null || runs === null ? null : runOf(runs, request)
    if (run === null) this.socket.end(NOT_MINE)
    else this.running = this.perform(run)
  }

  /** Without an answer the client goes on elsewhere, with the same id. */
  private async perform(run: NonNullable<ReturnType<typeof runOf>>): Promise<void> {
    const life = setInterval(() => this.socket.write('.'), LIFE_MS)
    try {
      this.socket.end(encodeReply(await run()))
    } catch (error) {
      this.host.bug(error)
      this.socket.destroy(new Error(messageOf(error)))
    } finally {
      clearInterval(life)
    }
  }
}
