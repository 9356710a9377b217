/** A way to a server that can be slow, cut, or broken right after a request got through. */
import net from 'node:net'
import { once } from 'node:events'
import { afterwards } from './cleanup.js'

export class Proxy {
  /** Of each piece in each direction, ms. */
  delayMs = 0
  /** The next answers to a request that contains this are lost, together with their connections. */
  losesAnswerTo: { text: string; times: number } | null = null
  lost = 0
  /** Nothing comes through, in either direction, and no connection ends: as with a firewall that has forgotten them. */
  isSilent = false
  private isCut = false
  private readonly sockets = new Set<net.Socket>()

  private constructor(
    private readonly server: net.Server,
    private readonly target: string,
  ) {}

  /** On a free port, to a Unix socket. */
  static async to(socketPath: string): Promise<Proxy> {
    const server = net.createServer()
    const proxy = new Proxy(server, socketPath)
    server.on('connection', (client) => {
      proxy.join(client)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    afterwards(() => {
      proxy.cut()
      server.close()
    })
    return proxy
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Every connection breaks, and no new one comes through, until `mend`. */
  cut(): void {
    this.isCut = true
    for (const socket of this.sockets) socket.destroy()
  }

  mend(): void {
    this.isCut = false
  }

  private join(client: net.Socket): void {
    if (this.isCut) {
      client.destroy()
      return
    }
    const server = net.connect(this.target)
    let isDoomed = false
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.sockets.delete(socket)
        end()
      })
    }
    client.on('data', (bytes) => {
      const loses = this.losesAnswerTo
      if (loses !== null && loses.times > 0 && bytes.includes(loses.text)) {
        loses.times--
        isDoomed = true
      }
      this.later(() => server.write(bytes))
    })
    server.on('data', (bytes) => {
      if (isDoomed) {
        this.lost++
        end()
      } else this.later(() => client.write(bytes))
    })
  }

  private later(action: () => void): void {
    if (this.isSilent) return
    if (this.delayMs === 0) action()
    else setTimeout(action, this.delayMs) // equal delays keep the order
  }
}
