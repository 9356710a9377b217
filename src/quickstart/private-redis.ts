/** A Redis for the tour alone, on a Unix socket in its directory; null where no redis-server is installed. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { endChild, hasProgram, startChild } from '../platform/children.js'
import type { RedisConnection } from '../store/redis/connection.js'

const READY_MS = 5_000

export class PrivateRedis {
  private constructor(
    private readonly server: ReturnType<typeof startChild>,
    private readonly connection: RedisConnection,
    readonly url: string,
  ) {}

  static async start(directory: string, env: NodeJS.ProcessEnv): Promise<PrivateRedis | null> {
    if (!hasProgram('redis-server')) return null
    const socket = join(directory, 'redis.sock')
    const args = ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '', '--appendonly', 'no']
    const server = startChild('redis-server', args, env, () => undefined)
    const { connectRedis } = await import('../store/redis/load.js')
    const deadline = performance.now() + READY_MS
    for (;;) {
      try {
        if (existsSync(socket)) {
          const connection = await connectRedis({ endpoint: { socket } })
          return new PrivateRedis(server, connection, `unix://${socket}`)
        }
      } catch (error) {
        if (performance.now() >= deadline) throw error
      }
      if (server.exitCode !== null || performance.now() >= deadline) {
        await endChild(server)
        return null // it is installed and does not start: the tour goes on with files
      }
      await new Promise((done) => setTimeout(done, 20))
    }
  }

  hash(key: string): Promise<Record<string, string>> {
    return this.connection.call((client) => client.hgetall(key))
  }

  async stop(): Promise<void> {
    await this.connection.close()
    await endChild(this.server)
  }
}
