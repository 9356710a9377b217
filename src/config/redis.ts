/**
 * Which Redis is meant, and who says so. What somebody named is never replaced by a guess; only where nobody named one are the
 * usual places tried. Passwords come from files, the environment and the config, never from a command line, which `ps` shows.
 */
import { MemoryError } from '../errors/errors.js'
import { isHost, isPort, isSet, readUrl, type RedisEndpoint, type RedisPlace, type RedisSource } from './redis-url.js'
import type { Environment } from './root.js'

export type ResolvedRedis =
  | { state: 'off'; from: 'MEMORY_SYNC_REDIS' | 'config' }
  | { state: 'named'; endpoint: RedisEndpoint; from: RedisSource }
  /** To be tried in this order: every place without a password, and with the legacy default where that is refused. */
  | { state: 'probe'; endpoints: RedisEndpoint[] }

export interface RedisInputs {
  flags: {
    /** `--redis-url` */
    url?: string | undefined
    /** What stands in the file of `--redis-password-file`. */
    passwordFileText?: string | undefined
    /** Options of the library: messages name those. */
    areOptions?: true | undefined
  }
  env: Environment
  configFile: RedisConfig
}

/** What the config file may say about Redis. */
export interface RedisConfig {
  /** false: files only. */
  enabled?: boolean | undefined
  url?: string | undefined
  password?: string | undefined
  namespace?: string | undefined
  /** A private server, which the hub of that root runs. */
  managed?: ManagedRedis | undefined
}

export interface ManagedRedis {
  root: string
  /** With its redis.conf, its data and its log. */
  folder: string
  program: string
}

/** The password that the set-up of the system before this one gave to every Redis; a weak one. */
export const LEGACY_DEFAULT_PASSWORD = 'changeme-02luka'

const FLAG_NAMES = { url: '--redis-url', passwordFile: '--redis-password-file' } as const
const OPTION_NAMES = { url: 'redisUrl', passwordFile: 'redisPasswordFile' } as const

const DEFAULT_PORT = 6379
const DEFAULT_NAMESPACE = 'memory'

/** Behind the namespace, and in front of names that others choose: of agents, of items, of leases. */
const KEY_PARTS: ReadonlySet<string> = new Set(['agents', 'types', 'stamps', 'tasks', 'task-types', 'task-stamps', 'lease'])

/** Of Debian, of other Linux distributions, of hand-made ones, of Homebrew on both kinds of Mac. */
const USUAL_SOCKETS: readonly string[] = [
  '/var/run/redis/redis-server.sock',
  '/run/redis/redis-server.sock',
  '/run/redis/redis.sock',
  '/var/run/redis/redis.sock',
  '/run/redis.sock',
  '/tmp/redis.sock',
  '/opt/homebrew/var/run/redis.sock',
  '/usr/local/var/run/redis.sock',
]

/** Throws MemoryError: `usage` for a bad flag or option, `config` for a bad variable or config file. No message repeats a password. */
export function resolveRedis(inputs: RedisInputs): ResolvedRedis {
  const { flags, env, configFile } = inputs
  const { url, passwordFile } = flags.areOptions === true ? OPTION_NAMES : FLAG_NAMES
  const given = givenPassword(flags.passwordFileText, passwordFile)
  const isSwitchedOff = isOff(env) // a word that means nothing is refused whatever else is named
  if (flags.url !== undefined) return named(readGiven(flags.url, url, passwordFile), url, given, inputs)
  if (isSwitchedOff) return { state: 'off', from: 'MEMORY_SYNC_REDIS' }
  for (const name of ['MEMORY_SYNC_REDIS_URL', 'REDIS_URL'] as const) {
    const url = env[name]
    if (isSet(url)) return named(readUrl(url, name), name, given, inputs)
  }
  const part = (['REDIS_HOST', 'REDIS_PORT'] as const).find((name) => isSet(env[name]))
  if (part !== undefined) return named(hostAndPort(env), part, given, inputs)
  if (configFile.enabled === false) return { state: 'off', from: 'config' }
  if (configFile.url !== undefined) return named(configured(configFile.url, configFile), 'config', given, inputs)
  return { state: 'probe', endpoints: usualPlaces(given ?? passwordIn(env) ?? setOrUndefined(configFile.password)) }
}

/**
 * Which keys are ours: MEMORY_SYNC_NAMESPACE, else the config file, else `memory`. `{memory}` puts all into one Cluster slot. Throws MemoryError
 * `config`, also for one such as `memory:agents`: its keys would be agents of `memory`, and each of the two would write and delete what is the other's.
 */
export function resolveNamespace(env: Environment, configFile: RedisConfig): string {
  const namespace = setOrUndefined(env['MEMORY_SYNC_NAMESPACE']) ?? configFile.namespace ?? DEFAULT_NAMESPACE
  if (!/^[\x21-\x7e]{1,64}$/.test(namespace)) {
    throw new MemoryError('config', `the namespace ${JSON.stringify(namespace)} cannot begin the names of keys`, {
      suggestions: ['Use 1 to 64 ASCII characters without spaces in MEMORY_SYNC_NAMESPACE or in the config file.'],
    })
  }
  const parts = namespace.split(':')
  const at = parts.findIndex((part, index) => index > 0 && KEY_PARTS.has(part))
  if (at === -1) return namespace
  const outer = parts.slice(0, at).join(':')
  throw new MemoryError('config', `the namespace ${JSON.stringify(namespace)} lies among the keys of the namespace ${JSON.stringify(outer)}: each would take and delete what is the other's`, {
    suggestions: [`Name another one in MEMORY_SYNC_NAMESPACE or in the config file: behind a colon it must not have any of ${[...KEY_PARTS].join(', ')}.`],
  })
}

/** A private server was given a password: what answers without one on its port is another server. */
function configured(url: string, { managed }: RedisConfig): RedisEndpoint {
  return { ...readUrl(url, 'config'), ...(managed !== undefined && { passwordWanted: true }) }
}

/** The more particular word wins: the flag's file, then the URL's own, then the environment's or the config's. */
function named(
  endpoint: RedisEndpoint,
  from: RedisSource,
  given: string | undefined,
  { env, configFile }: RedisInputs,
): ResolvedRedis {
  const inFile = isMeantFor(endpoint, configFile) ? setOrUndefined(configFile.password) : undefined
  const others = from === 'config' ? [inFile, passwordIn(env)] : [passwordIn(env), inFile]
  const password = [given, endpoint.password, ...others].find((candidate) => candidate !== undefined)
  return { state: 'named', endpoint: { ...endpoint, ...(password !== undefined && { password }) }, from }
}

/** The password of a private server is for no other one: it would be told to whoever listens there. */
function isMeantFor(endpoint: RedisPlace, { managed, url }: RedisConfig): boolean {
  return managed === undefined || url === undefined || isSamePlace(endpoint, readUrl(url, 'config'))
}

const isSamePlace = (a: RedisPlace, b: RedisPlace): boolean =>
  'socket' in a ? 'socket' in b && a.socket === b.socket : 'host' in b && a.host === b.host && a.port === b.port

function readGiven(url: string, name: RedisSource, passwordFile: string): RedisEndpoint {
  const endpoint = readUrl(url, name)
  if (endpoint.password === undefined) return endpoint
  throw new MemoryError('usage', `${name} must not carry a password: every user of this machine can read it with ps`, {
    suggestions: [
      `Put the password into a file that only you can read and name it with ${passwordFile}.`,
      'Or set MEMORY_SYNC_REDIS_URL or REDIS_PASSWORD in the environment, or write it to the config file.',
    ],
  })
}

function isOff(env: Environment): boolean {
  const value = env['MEMORY_SYNC_REDIS']
  if (!isSet(value) || value === 'on') return false
  if (value === 'off') return true
  throw new MemoryError('config', 'MEMORY_SYNC_REDIS is neither on nor off', {
    suggestions: ['Set it to off for files only, or unset it. An address goes into MEMORY_SYNC_REDIS_URL.'],
  })
}

/** What cannot be used is not repeated: it may be an address with a password in it. */
function hostAndPort(env: Environment): RedisEndpoint {
  const host = setOrUndefined(env['REDIS_HOST']) ?? 'localhost'
  const port = setOrUndefined(env['REDIS_PORT']) ?? String(DEFAULT_PORT)
  if (!isHost(host)) {
    throw new MemoryError('config', 'REDIS_HOST is neither the name of a host nor an IP address', {
      suggestions: ['Set REDIS_HOST to that alone: the port goes into REDIS_PORT, a password into REDIS_PASSWORD, an address or the path of a socket into REDIS_URL.'],
    })
  }
  if (!isPort(port)) {
    throw new MemoryError('config', 'REDIS_PORT is no port', { suggestions: ['Set REDIS_PORT to a number from 1 to 65535, or unset it.'] })
  }
  return { host, port: Number(port), db: 0 }
}

/** A password without a place names no Redis; it is tried at the usual ones, and is no harm at one that wants none. */
function usualPlaces(password: string | undefined): RedisEndpoint[] {
  const logins = password === undefined ? [{}, { password: LEGACY_DEFAULT_PASSWORD }] : [{ password }]
  const places: RedisPlace[] = [...USUAL_SOCKETS.map((socket) => ({ socket })), { host: 'localhost', port: DEFAULT_PORT }]
  return places.flatMap((place) => logins.map((login): RedisEndpoint => ({ ...place, ...login, db: 0 })))
}

function givenPassword(fileText: string | undefined, name: string): string | undefined {
  if (fileText === undefined) return undefined
  const password = fileText.replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new MemoryError('config', `the file named by ${name} is empty`, {
    suggestions: ['Write the password of Redis to it, on one line.'],
  })
}

const passwordIn = (env: Environment): string | undefined =>
  [env['REDIS_ALT_PASSWORD'], env['REDIS_PASSWORD']].find(isSet)

const setOrUndefined = (value: string | undefined): string | undefined => (isSet(value) ? value : undefined)
