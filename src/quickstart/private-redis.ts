/** A Redis for the tour alone, in its directory; null where no redis-server is installed, or it does not start. */
import { MemoryError } from '../errors/errors.js'
import { RedisServer } from '../platform/redis-server.js'
import type { FullConnection } from '../store/redis/connection.js'

export class PrivateRedis {
  private constructor(
    private readonly server: RedisServer,
    private readonly connection: FullConnection,
  ) {}

  static async start(directory: string, env: NodeJS.ProcessEnv): Promise<PrivateRedis | null> {
    const server = await startOrNull(directory, env)
    if (server === null) return null
    try {
      const { connectRedis } = await import('../store/redis/load.js')
      return new PrivateRedis(server, await connectRedis({ endpoint: { socket: server.socket } }))
    } catch (error) {
      await server.kill()
      throw error
    }
  }

  get url(): string {
    return this.server.url
  }

  hash(key: string): Promise<Record<string, string>> {
    return this.connection.call((client) => client.hgetall(key))
  }

  async stop(): Promise<void> {
    try {
      await this.connection.close()
    } finally {
      await this.server.kill()
    }
  }
}

/** One that is installed and does not start: the tour goes on with files. */
async function startOrNull(directory: string, env: NodeJS.ProcessEnv): Promise<RedisServer | null> {
  try {
    return await RedisServer.start(directory, env, { durable: false })
  } catch (error) {
    if (error instanceof MemoryError) return null
    throw error
  }
}
