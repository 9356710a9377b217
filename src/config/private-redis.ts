/** The private Redis that an installation gave to the hub of one root. */
import { realpathSync } from 'node:fs'
import type { LastingRedisPlace } from '../platform/lasting-redis.js'
import type { ManagedRedis, ResolvedRedis } from './redis.js'

/** null: another Redis is meant, or none, or it was made for another root. */
export function privateRedisOf(root: string, managed: ManagedRedis | undefined, redis: ResolvedRedis): LastingRedisPlace | null {
  if (managed === undefined || realPath(managed.root) !== realPath(root)) return null
  if (redis.state !== 'named' || redis.from !== 'config') return null
  const { folder, program } = managed
  return { folder, program, where: redis.endpoint, password: redis.endpoint.password ?? '' }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // it is not there (yet)
  }
}
