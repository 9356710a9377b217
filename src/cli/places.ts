/** What was resolved for a root, and why. Nothing of it is connected to. */
import { socketCandidates, usualSocketPath } from '../client/socket-path.js'
import { configPath, readConfig } from '../config/file.js'
import { resolveNamespace, type ResolvedRedis } from '../config/redis.js'
import { describeEndpoint } from '../config/redis-url.js'
import type { ResolvedRoot } from '../config/root.js'
import { nodeFiles } from '../platform/node-files.js'
import { openOptionsOf, rootOf } from './open.js'
import type { StoreFlags } from './store-flags.js'

export interface Places {
  root: ResolvedRoot
  /** `real`: where the file is when links are followed. */
  context: { path: string; real: string; exists: boolean }
  socket: string
  config: { path: string; exists: boolean }
  redis: { state: ResolvedRedis['state']; source: string; urls: string[]; password: boolean }
  namespace: string
}

/** Throws MemoryError `usage` or `config` for settings that cannot be used. */
export async function placesOf(flags: StoreFlags): Promise<Places> {
  const root = rootOf(flags)
  const options = openOptionsOf(flags)
  const config = await readConfig(options.env)
  const { redisOf } = await import('../memory/settings.js')
  const context = `${root.path}/shared_memory/context.json`
  const [socket = usualSocketPath(root.path)] = socketCandidates(root.path)
  return {
    root,
    context: { path: context, real: await nodeFiles.resolve(context), exists: await exists(context) },
    socket,
    config: { path: configPath(options.env), exists: await exists(configPath(options.env)) },
    redis: describeRedis(redisOf(options, config)),
    namespace: resolveNamespace(options.env, config.redis),
  }
}

const exists = async (path: string): Promise<boolean> => (await nodeFiles.identify(path)) !== null

function describeRedis(redis: ResolvedRedis): Places['redis'] {
  switch (redis.state) {
    case 'off':
      return { state: 'off', source: redis.from, urls: [], password: false }
    case 'named':
      return {
        state: 'named',
        source: redis.from,
        urls: [describeEndpoint(redis.endpoint)],
        password: redis.endpoint.password !== undefined,
      }
    case 'probe':
      return {
        state: 'probe',
        source: 'nothing was named',
        urls: [...new Set(redis.endpoints.map(describeEndpoint))],
        password: false,
      }
  }
}

export function formatPlaces({ root, context, socket, config, redis, namespace }: Places): string {
  const link = context.real === context.path ? '' : ` -> ${context.real}`
  const [url = 'off', ...others] = redis.urls
  const rows: [string, string, string][] = [
    ['Root', root.path, root.source === 'default' ? 'nothing was named' : root.source],
    ['Context', `${context.path}${link}`, context.exists ? '' : 'not there yet'],
    ['Socket', socket, ''],
    ['Config', config.path, config.exists ? '' : 'not there'],
    [
      'Redis',
      url,
      `${redis.source}${redis.password ? ', with a password' : ''}${redis.state === 'probe' ? '; the first that answers' : ''}`,
    ],
    ...others.map((other): [string, string, string] => ['', other, '']),
    ['Namespace', namespace, ''],
  ]
  return rows
    .map(
      ([name, value, why]) => `${(name === '' ? '' : `${name}:`).padEnd(11)}${value}${why === '' ? '' : `  (${why})`}`,
    )
    .join('\n')
}
