/** Ports of this machine's loopback. */
import { createServer } from 'node:net'

/** False: somebody listens there, or may not be asked. One that is free now may be taken a moment later. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true)
      })
    })
  })
}

/** The first that is free; null: none is. */
export async function freePortOf(ports: Iterable<number>): Promise<number | null> {
  for (const port of ports) if (await isPortFree(port)) return port
  return null
}
