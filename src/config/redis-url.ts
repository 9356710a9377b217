/** The address of a Redis as a URL: redis://host:port/db, rediss:// with TLS, unix:///path?db=1, or the path of a socket. */
import { MemoryError } from '../errors/errors.js'

/** Of the command line, of the library, of the environment, of the config file. */
export type RedisSource = '--redis-url' | 'redisUrl' | 'MEMORY_SYNC_REDIS_URL' | 'REDIS_URL' | 'REDIS_HOST' | 'REDIS_PORT' | 'config'

export type RedisPlace = { socket: string } | { host: string; port: number; tls?: true }

/**
 * A place with what is said there. Without `password`: none is sent. `passwordWanted`: a server that takes everybody is not the one
 * that is meant.
 */
export type RedisEndpoint = RedisPlace & { username?: string; password?: string; passwordWanted?: true; db: number }

/** Names in networks of containers have underscores. */
const LABEL = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u

const isHostName = (text: string): boolean => text.length <= 253 && text.replace(/\.$/, '').split('.').every((label) => LABEL.test(label))

/** A name, or an IP address of either kind (without brackets). */
export const isHost = (text: string): boolean => isHostName(text) || process.getBuiltinModule('node:net').isIPv6(text)

export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

export const isSet = (value: string | undefined): value is string => value !== undefined && value !== ''

/** What other programs read from the query of such a URL: it would be passed over, and be seen by everybody. */
const SECRETS = ['password', 'pass', 'auth', 'username', 'user']

/** Throws MemoryError `usage` for the URL of a flag or an option and `config` for others; the message never repeats it: it may hold a password. */
export function readUrl(text: string, source: RedisSource): RedisEndpoint {
  if (text.startsWith('/')) return { socket: text, db: 0 }
  const { url, username, password } = parseAddress(text) ?? refuse(source, 'it is no URL')
  if ([...url.searchParams.keys()].some((name) => SECRETS.includes(name.toLowerCase()))) refuse(source, 'a user and a password stand in front of the host (redis://user:password@host), not in its query')
  const credentials = {
    ...(username !== '' && { username: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
  }
  switch (url.protocol) {
    case 'unix:':
      return { socket: socketPath(url, source), db: dbOf(url.searchParams.get('db'), source), ...credentials }
    case 'redis:':
    case 'rediss:':
      return { ...hostOf(url, source), db: dbIn(url, source), ...(url.protocol === 'rediss:' && { tls: true }), ...credentials }
    default:
      return refuse(source, 'its scheme is none of redis, rediss and unix') // not repeated: it may be a user's name
  }
}

/** The user is as it is escaped. That of a socket is read by itself: a URL has none where it has no host. null: it is no URL. */
export function parseAddress(text: string): { url: URL; username: string; password: string } | null {
  const [, scheme = '', user = ''] = /^(unix:\/\/)([^/?#]*@)/i.exec(text) ?? []
  const place = scheme + text.slice(scheme.length + user.length)
  if (!URL.canParse(place)) return null
  const url = new URL(place)
  const { username, password } = user === '' ? url : new URL(`${scheme}${user}socket`)
  return { url, username, password }
}

/** For people: never with a password. */
export function describeEndpoint(endpoint: RedisEndpoint): string {
  const { db } = endpoint
  if ('socket' in endpoint) return `unix://${endpoint.socket}${db === 0 ? '' : `?db=${db}`}`
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return `${endpoint.tls === true ? 'rediss' : 'redis'}://${host}:${endpoint.port}${db === 0 ? '' : `/${db}`}`
}

function hostOf(url: URL, source: RedisSource): { host: string; port: number } {
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost'
  const port = url.port || '6379'
  if (!isHost(host)) return refuse(source, 'its host is neither a name nor an IP address')
  if (!isPort(port)) return refuse(source, 'its port is none')
  return { host, port: Number(port) }
}

/** `unix://tmp/redis.sock` names a host called tmp: what was meant is not for us to guess. */
function socketPath(url: URL, source: RedisSource): string {
  const path = decoded(url.pathname)
  if (url.hostname !== '' || !path.startsWith('/') || path === '/') {
    return refuse(source, 'a socket is written unix:///path, with three slashes')
  }
  return path
}

function dbIn(url: URL, source: RedisSource): number {
  const path = url.pathname.replace(/^\//, '')
  return dbOf(path === '' ? url.searchParams.get('db') : path, source)
}

function dbOf(text: string | null, source: RedisSource): number {
  if (text === null || text === '') return 0
  return /^\d{1,5}$/.test(text) ? Number(text) : refuse(source, 'its database is no number')
}

/** A password that somebody forgot to escape is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refuse(source: RedisSource, reason: string): never {
  const where = source === 'config' ? 'the url of Redis in the config file' : source
  throw new MemoryError(source === '--redis-url' || source === 'redisUrl' ? 'usage' : 'config', `${where} cannot be used: ${reason}`, {
    suggestions: ['Write redis://host:port, rediss://host:port or unix:///path/to/redis.sock.'],
  })
}
