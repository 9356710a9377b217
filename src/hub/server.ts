/** The control socket: serves a memory to every process of this user on this machine. */
import net from 'node:net'
import { MAX_FRAME_BYTES } from '../client/frames.js'
import { type HubInfo, PROTOCOL } from '../client/protocol.js'
import { RUN_MARK } from '../client/run-wire.js'
import type { ServedMemory } from '../core/engine-types.js'
import { messageOf } from '../errors/errors.js'
import { BUILD } from '../platform/build.js'
import type { ProcessIdentity } from '../platform/processes.js'
import { callsOf } from './calls.js'
import { Looker } from './looker.js'
import { RunSession, type RunSessionHost } from './run-session.js'
import type { RunHost } from './runs.js'
import type { Component } from './components.js'
import type { Log } from './log.js'
import { Session, type SessionHost, type SessionLimits } from './session.js'
import { isFound, prepareSocketPlace, publishSocket, type SocketPlace, withdrawSocket } from './socket-file.js'

export interface ServerOptions {
  root: string
  memory: ServedMemory
  /** Of the product. */
  version: string
  /** Default: that of this program. */
  build?: string | undefined
  startedAt: string
  process: ProcessIdentity
  log: Log
  /** A client asked the hub to end. */
  stopAsked: () => void
  /** Whether this process is the keeper of the root still: nobody else puts a socket there. */
  isKeeper: () => Promise<boolean>
  /** See RunHost; without it nothing is run for others. */
  isMeant?: RunHost['isMeant']
  limits?: Partial<ServerLimits>
  /** Another one only to try what clients do with it. */
  protocol?: number
}

export interface ServerLimits extends SessionLimits {
  /** How long calls that run may take when the hub ends, ms. */
  drainMs: number
  /** How often it is looked whether the socket is still there, ms. */
  lookMs: number
}

const LIMITS: ServerLimits = {
  frameBytes: MAX_FRAME_BYTES,
  running: 256,
  queuedBytes: 8 * 1024 * 1024,
  stuckMs: 60_000,
  flushMs: 1_000,
  drainMs: 5_000,
  lookMs: 30_000,
}

/** A socket on which clients are heard, and where they find it. */
interface Bound {
  place: SocketPlace
  server: net.Server
  ino: number
}

export class ControlServer implements Component {
  readonly name = 'control socket'
  private readonly sessions = new Set<Session | RunSession>()
  /** Clients that have not said anything yet. */
  private readonly silent = new Set<net.Socket>()
  private readonly toldVersions = new Set<string>()
  private bound: Bound | null = null
  private readonly limits: ServerLimits
  private readonly looker: Looker

  constructor(private readonly options: ServerOptions) {
    this.limits = { ...LIMITS, ...options.limits }
    this.looker = new Looker(() => this.look(), options.log, 'the control socket')
  }

  /** Where clients find it; null while it is not running. */
  get path(): string | null {
    return this.bound?.place.path ?? null
  }

  /** Only for the keeper of the root: replaces the socket of a hub that died. Mode 0600. */
  async start(): Promise<void> {
    this.bound = await this.bind()
    this.looker.lookNow()
  }

  /** No new clients; calls that run are finished and answered. */
  async stop(): Promise<void> {
    await this.looker.stop()
    const { bound } = this
    this.bound = null
    bound?.server.close()
    if (bound !== null) await withdrawSocket(this.options.root, bound.place.path, bound.ino)
    await this.drain()
  }

  private async bind(): Promise<Bound> {
    const { root, log } = this.options
    const place = await prepareSocketPlace(root)
    const host = this.host(place)
    const server = net.createServer((socket) => {
      this.welcome(socket, host)
    })
    await listen(server, place.temporaryPath)
    server.on('error', (error) => {
      log.warn(`the control socket: ${messageOf(error)}`)
    })
    try {
      return { place, server, ino: await publishSocket(root, place) }
    } catch (error) {
      server.close()
      throw error
    }
  }

  /** Where somebody has removed the socket (who tidies up folders may), or put another in its place, nobody would find this hub any more. */
  private async look(): Promise<number> {
    const { bound } = this
    const { root, log, isKeeper } = this.options
    if (bound === null || (await isFound(root, bound.place.path, bound.ino)) || !(await isKeeper())) return this.limits.lookMs
    this.bound = await this.bind()
    bound.server.close() // who is connected stays so
    log.warn(`the control socket ${bound.place.path} was removed, or replaced: it was made again`)
    return this.limits.lookMs
  }

  /** The first byte tells which protocol it speaks. */
  private welcome(socket: net.Socket, host: SessionHost & RunSessionHost): void {
    this.silent.add(socket)
    const forget = (): void => void this.silent.delete(socket)
    socket.once('close', forget)
    socket.on('error', forget)
    socket.once('data', (chunk: Buffer) => {
      forget()
      socket.pause()
      socket.unshift(chunk)
      const gone = (session: Session | RunSession): void => void this.sessions.delete(session)
      this.sessions.add(chunk[0] === RUN_MARK.charCodeAt(0) ? new RunSession(socket, host, gone) : new Session(socket, host, gone))
      socket.resume()
    })
  }

  private async drain(): Promise<void> {
    for (const socket of this.silent) socket.destroy()
    const timer = setTimeout(() => {
      this.options.log.warn(`${this.sessions.size} clients are left without an answer: their calls do not end`)
      for (const session of this.sessions) session.destroy()
    }, this.limits.drainMs)
    await Promise.all([...this.sessions].map((session) => session.finish()))
    clearTimeout(timer)
  }

  private host({ place }: SocketPlace): SessionHost & RunSessionHost {
    const { root, memory, version, build = BUILD ?? undefined, startedAt, log, protocol = PROTOCOL, stopAsked, isMeant } = this.options
    const hub: HubInfo = { protocol, version, build, pid: process.pid, startedAt, place, process: this.options.process }
    return {
      hub,
      calls: callsOf(memory, hub),
      limits: this.limits,
      flushMs: this.limits.flushMs,
      runs: isMeant === undefined ? null : { root, place, version, memory, isMeant },
      stopAsked,
      greeted: (clientVersion) => {
        this.compareVersions(clientVersion)
      },
      bug: (error) => {
        log.error(`a bug in the hub: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      },
    }
  }

  /** Said once for each version: a hub that was not restarted after an upgrade is easily forgotten. */
  private compareVersions(clientVersion: string | undefined): void {
    const { version, log } = this.options
    if (clientVersion === undefined || clientVersion === version || this.toldVersions.has(clientVersion)) return
    this.toldVersions.add(clientVersion)
    log.warn(`a client is of version ${clientVersion}, this hub of ${version}: restart the hub after an upgrade`)
  }
}

function listen(server: net.Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
