/** What a caller's options, variables and config file say. */
import { type Config, readConfig } from '../config/file.js'
import { readPasswordFile } from '../config/password-file.js'
import { resolveNamespace, type ResolvedRedis, resolveRedis } from '../config/redis.js'
import type { Environment } from '../config/root.js'
import type { OpenOptions } from './engine.js'

/** Which Redis these options mean. Throws MemoryError `usage` or `config`. */
export function redisOf(options: OpenOptions, config: Config): ResolvedRedis {
  return resolveRedis({
    flags: { url: options.redisUrl, passwordFileText: readPasswordFile(options.redisPasswordFile), areOptions: options.isOfLibrary },
    env: options.env,
    configFile: config.redis,
  })
}

/** What a hub was started with. Throws MemoryError `usage` or `config`. */
export async function settingsOf(options: OpenOptions): Promise<{ env: Environment; config: Config; redis: ResolvedRedis }> {
  const config = await readConfig(options.env)
  return { env: options.env, config, redis: redisOf(options, config) }
}

/** For a call that a hub answers, with settings of its own. Throws MemoryError `config` for variables of the caller that cannot be used. */
export function refuseUnusable({ redisUrl, env, isOfLibrary }: Pick<OpenOptions, 'redisUrl' | 'env' | 'isOfLibrary'>): void {
  resolveRedis({ flags: { url: redisUrl, areOptions: isOfLibrary }, env, configFile: {} })
  resolveNamespace(env, {})
}
