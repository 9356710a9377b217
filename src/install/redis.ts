/** Which Redis an installation is for. Looks, and changes nothing. */
import { type Config, readConfig } from '../config/file.js'
import { type ManagedRedis, type RedisConfig, type ResolvedRedis, resolveNamespace, resolveRedis } from '../config/redis.js'
import type { Environment } from '../config/root.js'
import { MemoryError } from '../errors/errors.js'
import { RedisConnector } from '../memory/redis-connector.js'
import { findProgram } from '../platform/children.js'
import { SERVER_PROGRAMS } from '../platform/redis-server.js'

export type RedisChoice = 'auto' | 'external' | 'managed' | 'off'
export const REDIS_CHOICES: readonly RedisChoice[] = ['auto', 'external', 'managed', 'off']

export type RedisDecision =
  | { got: 'external'; url: string; password: string | null; namespace: string | null }
  | { got: 'managed'; program: string; before: ManagedRedis | null }
  /** `isMeant`: somebody has said so; else nothing was found. */
  | { got: 'off'; why: string; isMeant: boolean }

export interface RedisQuestion {
  asked: RedisChoice
  env: Environment
  flags: { url?: string | undefined; passwordFileText?: string | undefined }
  /** What an earlier run of ours had come to; null: there was none. */
  before: { asked: string; got: string } | null
}

const USUAL_FOLDERS = '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/usr/sbin'

/** Throws MemoryError: `usage` and `config` for settings that cannot be used, `failed` when what was asked for is not to be had. */
export async function decideRedis(question: RedisQuestion): Promise<RedisDecision> {
  const { asked, env, flags, before } = question
  const config = await readConfig(env)
  if (asked === 'off') return { got: 'off', why: 'by choice', isMeant: true }
  if (asked === 'managed') return managed(question, config) ?? refuse('neither redis-server nor valkey-server is on the PATH')
  const isNamedNow = flags.url !== undefined || (['MEMORY_SYNC_REDIS_URL', 'REDIS_URL', 'REDIS_HOST', 'REDIS_PORT'] as const).some((name) => (env[name] ?? '') !== '')
  if (asked === 'auto' && config.redis.managed !== undefined && !isNamedNow) {
    const again = managed(question, config)
    if (again !== null) return again
  }
  // What we wrote because nothing was found, nobody meant.
  const ourOff = config.redis.enabled === false && before !== null && before.asked === 'auto' && before.got === 'off'
  const configFile = asked === 'auto' && !ourOff ? config.redis : withoutOurs(config.redis)
  const resolved = resolveRedis({ flags, env, configFile })
  if (resolved.state === 'off') {
    if (asked === 'external') refuse(`Redis is switched off (${resolved.from})`)
    return { got: 'off', why: `it is switched off (${resolved.from})`, isMeant: true }
  }
  const namespace = resolveNamespace(env, config.redis)
  const found = await reach(resolved, namespace)
  if (found.url !== null) return { got: 'external', ...found, url: found.url, namespace: namespace === 'memory' ? null : namespace }
  if (resolved.state === 'named') throw unreachable(resolved.from, found.reason)
  if (asked === 'external') throw unreachable('the usual places', found.reason)
  return managed(question, config) ?? { got: 'off', why: 'no Redis answers, and neither redis-server nor valkey-server is on the PATH', isMeant: false }
}

const withoutOurs = ({ enabled: _enabled, managed: _managed, ...rest }: RedisConfig): RedisConfig =>
  _managed === undefined ? rest : {}

function managed({ env }: RedisQuestion, config: Config): RedisDecision | null {
  const program = SERVER_PROGRAMS.map((name) => findProgram(name, `${env['PATH'] ?? ''}:${USUAL_FOLDERS}`)).find((path) => path !== null)
  return program === undefined ? null : { got: 'managed', program, before: config.redis.managed ?? null }
}

async function reach(
  redis: ResolvedRedis,
  namespace: string,
): Promise<{ url: string | null; password: string | null; reason: string | null }> {
  const connector = new RedisConnector(redis, namespace)
  try {
    const store = await connector.connect()
    return { url: store === null ? null : addressOf(connector), password: connector.endpoint?.password ?? null, reason: connector.reason }
  } finally {
    await connector.close()
  }
}

/** To be written down: with the user, whom nothing else in the settings names, and without the password, which has its own place. */
function addressOf({ url, endpoint }: RedisConnector): string | null {
  const username = endpoint?.username
  return url === null || username === undefined ? url : url.replace('://', () => `://${encodeURIComponent(username)}@`)
}

function refuse(why: string): never {
  throw new MemoryError('failed', why, {
    suggestions: ['install one (brew install redis, apt-get install redis-server), or use --redis off for files only'],
  })
}

const unreachable = (who: string, why: string | null): MemoryError =>
  new MemoryError('unavailable', `the Redis of ${who} does not answer${why === null ? '' : `: ${why}`}`, {
    suggestions: ['start it, or mend its address and password', 'or use --redis managed for a private one, --redis off for files only'],
  })
