import { describe, expect, it } from 'vitest'
import {
  LEGACY_DEFAULT_PASSWORD,
  type RedisConfig,
  resolveNamespace,
  resolveRedis,
  type ResolvedRedis,
} from '../../../src/config/redis.js'
import { describeEndpoint } from '../../../src/config/redis-url.js'
import { TASK_LIST, type Target } from '../../../src/domain/operation.js'
import { MemoryError } from '../../../src/errors/errors.js'
import { Keys } from '../../../src/store/redis/keys.js'

const resolve = (
  env: Record<string, string> = {},
  flags: { url?: string; passwordFileText?: string } = {},
  configFile: RedisConfig = {},
): ResolvedRedis => resolveRedis({ env, flags, configFile })

function failureOf(work: () => unknown): MemoryError {
  try {
    work()
  } catch (error) {
    if (error instanceof MemoryError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('which Redis', () => {
  it('is the most particular one that was named', () => {
    const env = {
      MEMORY_SYNC_REDIS_URL: 'redis://b:2',
      REDIS_URL: 'redis://c:3',
      REDIS_HOST: 'd',
      REDIS_PORT: '4',
    }
    const config = { url: 'redis://e:5' }
    const order = ['--redis-url', 'MEMORY_SYNC_REDIS_URL', 'REDIS_URL', 'REDIS_HOST', 'config']
    const seen: string[] = []
    const left: Record<string, string> = { ...env }
    const take = (resolved: ResolvedRedis): void => {
      seen.push(resolved.state === 'named' ? `${resolved.from} ${describeEndpoint(resolved.endpoint)}` : resolved.state)
    }
    take(resolve(left, { url: 'redis://a:1' }, config))
    take(resolve(left, {}, config))
    delete left['MEMORY_SYNC_REDIS_URL']
    take(resolve(left, {}, config))
    delete left['REDIS_URL']
    take(resolve(left, {}, config))
    take(resolve({}, {}, config))
    take(resolve())
    expect(seen).toEqual([...order.map((from, i) => `${from} redis://${'abcde'[i]}:${i + 1}`), 'probe'])
  })

  it('counts empty variables as unset', () => {
    expect(resolve({ MEMORY_SYNC_REDIS_URL: '', REDIS_URL: '', REDIS_HOST: '', REDIS_PORT: '', MEMORY_SYNC_REDIS: '' }).state).toBe('probe')
  })

  it('is the usual sockets and localhost where nobody named one, without a password and with the legacy default', () => {
    const resolved = resolve()
    if (resolved.state !== 'probe') throw new Error(resolved.state)
    expect(resolved.endpoints[0]).toEqual({ socket: '/var/run/redis/redis-server.sock', db: 0 })
    expect(resolved.endpoints.slice(-2)).toEqual([
      { host: 'localhost', port: 6379, db: 0 },
      { host: 'localhost', port: 6379, db: 0, password: LEGACY_DEFAULT_PASSWORD },
    ])
  })

  it('probes with the password of the environment where only that is given', () => {
    const resolved = resolve({ REDIS_PASSWORD: 'p' })
    if (resolved.state !== 'probe') throw new Error(resolved.state)
    expect(new Set(resolved.endpoints.map(({ password }) => password))).toEqual(new Set(['p']))
  })

  it('is none where it was switched off, but for a flag that names one', () => {
    const env = { MEMORY_SYNC_REDIS: 'off', REDIS_URL: 'redis://c' }
    expect(resolve(env)).toEqual({ state: 'off', from: 'MEMORY_SYNC_REDIS' })
    expect(resolve({}, {}, { enabled: false, url: 'redis://e' })).toEqual({ state: 'off', from: 'config' })
    expect(resolve(env, { url: 'redis://a' })).toMatchObject({ state: 'named', from: '--redis-url' })
    for (const url of [{}, { url: 'redis://a' }]) {
      const { code, message } = failureOf(() => resolve({ MEMORY_SYNC_REDIS: 'redis://:sesame@h' }, url))
      expect({ code, message }).toEqual({ code: 'config', message: 'MEMORY_SYNC_REDIS is neither on nor off' })
    }
  })

  it('is not another one where the flag is empty', () => {
    expect(failureOf(() => resolve({ REDIS_URL: 'redis://c' }, { url: '' })).code).toBe('usage')
  })
})

describe('the password', () => {
  const passwordOf = (resolved: ResolvedRedis): unknown => resolved.state === 'named' && resolved.endpoint.password

  it('is refused in --redis-url, and the refusal does not repeat it', () => {
    const failure = failureOf(() => resolve({}, { url: 'redis://:sesame@host' }))
    expect(failure.code).toBe('usage')
    expect(`${failure.message} ${failure.suggestions.join(' ')}`).not.toContain('sesame')
  })

  it.each(['redis://host?Password=sesame', 'unix:///r.sock?auth=sesame', 'rediss://host/1?db=1&user=sesame'])('is not passed over in the query of a URL (%s)', (url) => {
    const failures = [failureOf(() => resolve({}, { url })), failureOf(() => resolve({ REDIS_URL: url }))]
    expect(failures.map(({ code }) => code)).toEqual(['usage', 'config'])
    for (const { message, suggestions } of failures) {
      expect(message).toContain('not in its query')
      expect(`${message} ${suggestions.join(' ')}`).not.toContain('sesame')
    }
  })

  it('comes from the password file, then the URL, then REDIS_ALT_PASSWORD, then REDIS_PASSWORD, then the config', () => {
    const env: Record<string, string> = { REDIS_URL: 'redis://:url@h', REDIS_ALT_PASSWORD: 'alt', REDIS_PASSWORD: 'plain' }
    const config = { password: 'config' }
    expect(passwordOf(resolve(env, { passwordFileText: 'file\n' }, config))).toBe('file')
    expect(passwordOf(resolve(env, {}, config))).toBe('url')
    env['REDIS_URL'] = 'redis://h'
    expect(passwordOf(resolve(env, {}, config))).toBe('alt')
    delete env['REDIS_ALT_PASSWORD']
    expect(passwordOf(resolve(env, {}, config))).toBe('plain')
    delete env['REDIS_PASSWORD']
    expect(passwordOf(resolve(env, {}, config))).toBe('config')
    expect(passwordOf(resolve(env))).toBeUndefined()
  })

  it('of the config file goes before that of the environment for the Redis of the config file', () => {
    expect(passwordOf(resolve({ REDIS_PASSWORD: 'env' }, {}, { url: 'redis://e', password: 'config' }))).toBe('config')
  })

  it('of a private server is told to that one alone, whoever names it', () => {
    const managed = { root: '/r', folder: '/f', program: 'redis-server' }
    const config = { url: 'unix:///f/redis.sock', password: 'config', managed }
    expect(passwordOf(resolve({}, {}, config))).toBe('config')
    expect(passwordOf(resolve({ REDIS_URL: 'unix:///f/redis.sock' }, {}, config))).toBe('config')
    expect(passwordOf(resolve({ REDIS_URL: 'unix:///elsewhere.sock' }, {}, config))).toBeUndefined()
    expect(passwordOf(resolve({}, { url: 'redis://127.0.0.1:7000' }, { ...config, url: 'redis://127.0.0.1:7001' }))).toBeUndefined()
    expect(passwordOf(resolve({ REDIS_URL: 'redis://h', REDIS_PASSWORD: 'env' }, {}, config))).toBe('env')
  })

  it('may hold anything, and goes with the user that the URL names', () => {
    const resolved = resolve({ REDIS_URL: 'redis://mary:p%40ss%3A%2F%25@h' })
    expect(resolved).toMatchObject({ endpoint: { username: 'mary', password: 'p@ss:/%' } })
    expect(passwordOf(resolve({ REDIS_URL: 'redis://:100%@h' }))).toBe('100%')
  })

  it('must not be an empty file', () => {
    expect(failureOf(() => resolve({}, { passwordFileText: '\n' })).code).toBe('config')
  })
})

describe('the address', () => {
  const endpointOf = (url: string): unknown => {
    const resolved = resolve({ REDIS_URL: url })
    return resolved.state === 'named' && resolved.endpoint
  }

  it('is a host with a port and a database, or a socket', () => {
    expect(endpointOf('redis://h')).toEqual({ host: 'h', port: 6379, db: 0 })
    expect(endpointOf('redis://')).toEqual({ host: 'localhost', port: 6379, db: 0 })
    expect(endpointOf('redis://[::1]:7/3')).toEqual({ host: '::1', port: 7, db: 3 })
    expect(endpointOf('rediss://h?db=2')).toEqual({ host: 'h', port: 6379, tls: true, db: 2 })
    expect(endpointOf('unix:///tmp/a%20b.sock?db=1')).toEqual({ socket: '/tmp/a b.sock', db: 1 })
    expect(endpointOf('/tmp/r.sock')).toEqual({ socket: '/tmp/r.sock', db: 0 })
  })

  it('of a socket has a user too, whatever is in the password', () => {
    expect(endpointOf('unix://app:pw@/tmp/r@1.sock?db=1')).toEqual({ socket: '/tmp/r@1.sock', db: 1, username: 'app', password: 'pw' })
    expect(endpointOf('unix://app@/r.sock')).toEqual({ socket: '/r.sock', db: 0, username: 'app' })
    expect(endpointOf('unix://:p%2Fw@/r.sock')).toEqual({ socket: '/r.sock', db: 0, password: 'p/w' })
    expect(endpointOf('unix://a%40b:p@w:x@/r.sock')).toEqual({ socket: '/r.sock', db: 0, username: 'a@b', password: 'p@w:x' })
    expect(failureOf(() => resolve({}, { url: 'unix://app:pw@/r.sock' })).message).toContain('must not carry a password')
  })

  it.each(['nonsense', 'http://h', 'redis://h:abc', 'redis://h/x', 'unix://tmp/r.sock', 'unix:///', 'mary:sesame@h', 'unix://mary:sesame@', 'unix://mary:sesame@tmp/r.sock', 'unix://mary:se/same@/r.sock', 'redis://h:0', 'redis://a%20b', 'redis://mary:sesame@-h'])(
    'is refused where it is none: %s',
    (url) => {
      expect(failureOf(() => resolve({ REDIS_URL: url })).code).toBe('config')
      const failure = failureOf(() => resolve({}, { url }))
      expect(failure.code).toBe('usage')
      expect(failure.message).not.toMatch(/mary|sesame/)
    },
  )

  it.each(['abc', '0', '65536', '6379x', ' 6379'])('has a port that is one: REDIS_PORT=%s', (port) => {
    const failure = failureOf(() => resolve({ REDIS_PORT: port }))
    expect(failure.code).toBe('config')
    expect(failure.message).toContain('REDIS_PORT')
  })

  it('is on this machine where only a port is named', () => {
    expect(resolve({ REDIS_PORT: '7' })).toMatchObject({ from: 'REDIS_PORT', endpoint: { host: 'localhost', port: 7 } })
  })

  it.each(['h', 'redis-1.example.com', 'example.com.', 'my_redis', 'rédis.local', 'โฮสต์', '127.0.0.1', '::1', 'fe80::1%eth0'])('has a host that is one: REDIS_HOST=%s', (host) => {
    expect(resolve({ REDIS_HOST: host, REDIS_PORT: '7' })).toMatchObject({ from: 'REDIS_HOST', endpoint: { host, port: 7 } })
  })

  it.each(['redis://h', 'h:7000', 'a b', 'h ', '/tmp/x.sock', 'u:sesame@h', '[::1]', 'a..b', '-h', `${'x'.repeat(254)}`])('has no host that is none, and does not repeat it: REDIS_HOST=%s', (host) => {
    const { code, message, suggestions } = failureOf(() => resolve({ REDIS_HOST: host }))
    expect(code).toBe('config')
    expect(message).toContain('REDIS_HOST')
    expect(message + suggestions.join()).not.toMatch(/sesame|7000|\/tmp/)
  })

  it('is shown without a password', () => {
    expect(describeEndpoint({ host: '::1', port: 7, db: 0 })).toBe('redis://[::1]:7')
    expect(describeEndpoint({ host: 'h', port: 7, db: 2, tls: true })).toBe('rediss://h:7/2')
    expect(describeEndpoint({ socket: '/tmp/r.sock', db: 1 })).toBe('unix:///tmp/r.sock?db=1')
  })
})

describe('the namespace', () => {
  it('is memory, or what the environment or the config names', () => {
    expect(resolveNamespace({}, {})).toBe('memory')
    expect(resolveNamespace({ MEMORY_SYNC_NAMESPACE: '' }, { namespace: '{memory}' })).toBe('{memory}')
    expect(resolveNamespace({ MEMORY_SYNC_NAMESPACE: 'a' }, { namespace: 'b' })).toBe('a')
  })

  it.each(['memory:agents', 'a:b:tasks', 'memory:lease', 'memory:agents:mary', 'm:types:mary', 'm:lease:deploy', 'a:task-stamps:T1', 'a:agents:b:c'])(
    'does not lie among the keys of another one: not %s',
    (namespace) => {
      const { code, message, suggestions } = failureOf(() => resolveNamespace({ MEMORY_SYNC_NAMESPACE: namespace }, {}))
      expect([code, message]).toEqual(['config', expect.stringContaining(`the namespace "${namespace}"`)])
      expect(suggestions.join()).toContain('MEMORY_SYNC_NAMESPACE')
    },
  )

  it('is not named as any key of ours goes on in front of a name', () => {
    const keys = new Keys('memory')
    const records = (['agent:mary', 'task:T1', TASK_LIST, 'context'] as Target[]).flatMap((target) => Object.values(keys.of(target)) as string[])
    const own = Object.entries(keys).flatMap(([name, key]) => (name === 'namespace' ? [] : [key as string]))
    const parts = [...own, ...records, keys.lease('merge')].map((key) => key.split(':')).filter((of) => of.length > 2)
    expect(parts.length).toBeGreaterThan(6)
    for (const [, part] of parts) {
      expect(failureOf(() => resolveNamespace({}, { namespace: `memory:${part}` })).code, part).toBe('config')
    }
  })

  it.each(['agents', 'tasks', '{tasks}', 'team:a', 'memory:staging', 'memory-agents', 'sync', 'a:sync', 'a:lease-x', '{a:agents}'])('may have parts, and any name of its own: %s', (namespace) => {
    expect(resolveNamespace({ MEMORY_SYNC_NAMESPACE: namespace }, {})).toBe(namespace)
  })

  it.each(['a b', 'a\nb', 'ä'])('can begin the names of keys: not %j', (namespace) => {
    expect(failureOf(() => resolveNamespace({ MEMORY_SYNC_NAMESPACE: namespace }, {})).code).toBe('config')
  })
})
