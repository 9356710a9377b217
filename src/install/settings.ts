/** The settings of an installation, in the config file of the user: only what is ours is changed. */
import fs from 'node:fs'
import { join } from 'node:path'
import { applyEdits, modify, parse, type ParseError } from 'jsonc-parser'
import { readConfig } from '../config/file.js'
import type { ManagedRedis, RedisConfig } from '../config/redis.js'
import type { Environment } from '../config/root.js'
import { randomHex } from '../platform/digests.js'
import type { Intent, Step } from './intent.js'
import { configFile, type Places, redisFolder } from './places.js'
import { isStillOurs, newAddress } from './private-address.js'
import type { RedisDecision } from './redis.js'

/** What an installation decides; everything else in the file is its owner's. */
const OURS = ['enabled', 'url', 'password', 'namespace', 'managed'] as const
type Ours = (typeof OURS)[number]

export async function planSettings(places: Places, decision: RedisDecision, env: Environment): Promise<Step> {
  const path = realPathOf(configFile(places))
  const current = readOr(path, '{}\n')
  const { redis } = await readConfig(env)
  const wanted = await settingsFor(places, decision, redis)
  const intents: Intent[] = []
  if (decision.got === 'managed') {
    const folder = redisFolder(places)
    intents.push({ do: 'folder', path: folder, mode: 0o700 })
    const text = redisConf(folder, wanted.url ?? '', wanted.password ?? '')
    intents.push({ do: 'file', path: join(folder, 'redis.conf'), text, mode: 0o600, part: 'whole' })
  }
  intents.push({ do: 'file', path, text: withSettings(current, wanted), mode: 0o600, part: 'settings' })
  return { name: 'settings', title: `Redis: ${describe(decision)}`, intents }
}

export function describe(decision: RedisDecision): string {
  switch (decision.got) {
    case 'external':
      return decision.url
    case 'managed':
      return `a private one, run by the hub (${decision.program})`
    case 'off':
      return `files only: ${decision.why}`
  }
}

/**
 * A member that is undefined is taken out of the file. The namespace is its owner's in each case, and so is a login, unless it is that
 * of a private Redis which is no longer meant.
 */
async function settingsFor(places: Places, decision: RedisDecision, now: RedisConfig): Promise<Partial<Pick<RedisConfig, Ours>>> {
  switch (decision.got) {
    case 'off':
      return { enabled: false, namespace: now.namespace, ...(now.managed === undefined && kept(now, 'url', 'password')) }
    case 'external': {
      const isSame = decision.url === now.url
      return { url: decision.url, password: decision.password ?? (isSame ? now.password : undefined), namespace: decision.namespace ?? now.namespace }
    }
    case 'managed': {
      const managed = { root: places.root, folder: redisFolder(places), program: decision.program }
      return { ...(await loginOf(managed, now)), namespace: now.namespace, managed }
    }
  }
}

/** The one of before, unless its port is somebody else's by now. */
async function loginOf(managed: ManagedRedis, now: RedisConfig): Promise<Pick<RedisConfig, 'url' | 'password'>> {
  const { url, password } = now
  const isKnown = now.managed?.folder === managed.folder && url !== undefined && password !== undefined
  if (isKnown && (await isStillOurs(url, password, managed))) return { url, password }
  return { url: await newAddress(managed.folder), password: randomHex(32) }
}

const kept = (now: RedisConfig, ...names: ('url' | 'password')[]): Partial<RedisConfig> =>
  Object.fromEntries(names.map((name) => [name, now[name]]))

const FORMATTING = { formattingOptions: { insertSpaces: true, tabSize: 2, insertFinalNewline: true } }

/** The rest of the file stays, byte for byte. */
export function withSettings(text: string, settings: Partial<Record<Ours, unknown>>): string {
  const now = redisIn(text) ?? {}
  let result = text
  for (const name of OURS) {
    if (JSON.stringify(now[name]) === JSON.stringify(settings[name])) continue
    result = applyEdits(result, modify(result, ['redis', name], settings[name], FORMATTING))
  }
  return result
}

/** Our settings out of a file that was changed since: each as it was before, unless somebody set it anew. */
export function withoutSettings(text: string, ours: string, before: string): string {
  const [now, mine, former] = [text, ours, before].map(redisIn)
  const settings = Object.fromEntries(
    OURS.map((name) => [name, JSON.stringify(now?.[name]) === JSON.stringify(mine?.[name]) ? former?.[name] : now?.[name]]),
  )
  const rest = withSettings(text, settings)
  const isOnlyOurs = former === undefined && now !== undefined && Object.keys(redisIn(rest) ?? {}).length === 0
  return isOnlyOurs ? applyEdits(rest, modify(rest, ['redis'], undefined, FORMATTING)) : rest
}

/** Whether it has a setting of the kind that an installation decides; whose it is, it does not tell. */
export const hasOurs = (text: string): boolean => OURS.some((name) => redisIn(text)?.[name] !== undefined)

/** false: a file that was cut, or never was one of settings. Comments are no fault: they are kept like all else that is not ours. */
export function isSettings(text: string): boolean {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  return errors.length === 0 && typeof value === 'object' && value !== null && !Array.isArray(value)
}

const redisIn = (text: string): Record<string, unknown> | undefined => (parse(text) as { redis?: Record<string, unknown> } | undefined)?.redis

/** redis.conf(5): a word in double quotes, with backslashes. The password stands here and not on the command line. */
function redisConf(folder: string, url: string, password: string): string {
  const port = /^redis:.*:(\d+)$/.exec(url)?.[1]
  const listen =
    port === undefined
      ? ['port 0', `unixsocket ${quoted(join(folder, 'redis.sock'))}`, 'unixsocketperm 700']
      : [`port ${port}`, 'bind 127.0.0.1', 'protected-mode yes']
  return `${[
    '# The private Redis of memory_sync: its hub starts and ends it.',
    ...listen,
    `requirepass ${quoted(password)}`,
    `dir ${quoted(folder)}`,
    `pidfile ${quoted(join(folder, 'redis.pid'))}`,
    `logfile ${quoted(join(folder, 'redis.log'))}`,
    'daemonize no',
    'loglevel warning',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
  ].join('\n')}\n`
}

/** As Redis reads it: a line of its file is a line, so control characters are written as what they are. */
const quoted = (word: string): string =>
  `"${word.replace(/[\\"]/g, '\\$&').replace(/\p{Cc}/gu, (char) => [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''))}"`

/** Where the file is that a link names. */
function realPathOf(path: string): string {
  try {
    return fs.realpathSync(path)
  } catch {
    return path // there is none yet
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
