/** Whether a caller means what this hub serves. A caller that names nothing means the hub, whatever the hub was told. */
import { existsSync } from 'node:fs'
import { type Config, configPath } from '../config/file.js'
import { resolveNamespace, resolveRedis, type ResolvedRedis } from '../config/redis.js'
import { describeEndpoint } from '../config/redis-url.js'
import type { Environment } from '../config/root.js'

export interface HubSettings {
  env: Environment
  config: Config
  redis: ResolvedRedis
}

/** `redisUrl`: the one that is used at present. Never throws. */
export function isMeantBy(settings: Environment, hub: HubSettings, redisUrl: string | null): boolean {
  try {
    return namesNoOtherConfig(settings, hub) && namesNoOtherNamespace(settings, hub) && namesNoOtherRedis(settings, hub, redisUrl)
  } catch {
    return false // settings that cannot be used: whoever set them has to be told
  }
}

function namesNoOtherConfig(settings: Environment, { env }: HubSettings): boolean {
  const path = configPath(settings)
  return path === configPath(env) || !existsSync(path)
}

function namesNoOtherNamespace(settings: Environment, { env, config }: HubSettings): boolean {
  const isNamed = (settings['MEMORY_SYNC_NAMESPACE'] ?? '') !== ''
  return !isNamed || resolveNamespace(settings, config.redis) === resolveNamespace(env, config.redis)
}

function namesNoOtherRedis(settings: Environment, { redis }: HubSettings, redisUrl: string | null): boolean {
  const meant = resolveRedis({ flags: {}, env: settings, configFile: {} })
  switch (meant.state) {
    case 'probe':
      return true
    case 'off':
      return redis.state === 'off'
    case 'named':
      return describeEndpoint(meant.endpoint) === redisUrl
  }
}
