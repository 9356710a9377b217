import { mkdir, symlink } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { NO_HANG_MS } from '../support/budget.js'
import { startRedis } from '../support/redis.js'
import { Cli, errorOf } from './cli.js'

describe('with files only', () => {
  let cli: Cli
  beforeEach(async () => {
    cli = await Cli.make()
  })

  it('status says that Redis is off, which is no failure', async () => {
    await cli.ok('update', 'mary', 'active')
    const { code, out, err } = await cli.run('redis-status')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const name of ['Connection:', 'Enabled:', 'Helper Available:', 'URL:', 'Mode:', 'Latency:', 'Lag:'])
      expect(out).toContain(name)
    expect(JSON.parse(await cli.ok('status', '--json'))).toMatchObject({
      redis: 'off',
      redisUrl: null,
      agents: 1,
      pending: 0,
      hub: { running: false },
    })
  })

  it('sync claims nothing: exit 69', async () => {
    const ran = await cli.run('sync', '--json')
    expect(ran).toMatchObject({ code: 69, err: '' })
    expect(errorOf(ran)).toMatchObject({ code: 'unavailable', suggestions: [expect.stringContaining('memory_sync where')] })
    expect((await cli.run('redis-sync')).code).toBe(69)
  })

  it('where shows what is used and who says so', async () => {
    expect(JSON.parse(await cli.ok('where', '--json'))).toMatchObject({
      root: { path: cli.root, source: 'MEMORY_SYNC_ROOT' },
      context: { path: cli.contextFile, exists: false },
      redis: { state: 'off', source: 'MEMORY_SYNC_REDIS', urls: [] },
    })
    const { out } = await cli.runWith({ env: { MEMORY_SYNC_ROOT: '', LUKA_SOT: cli.root } }, 'where')
    expect(out).toMatch(new RegExp(`Root: +${cli.root} +\\(LUKA_SOT\\)`))
  })

  it('where follows a link to the real context', async () => {
    await mkdir(`${cli.root}/elsewhere`, { recursive: true })
    await symlink(`${cli.root}/elsewhere`, `${cli.root}/shared_memory`)
    await cli.ok('update', 'mary', 'active')
    expect(await cli.ok('where')).toContain(`-> ${cli.root}/elsewhere/context.json`)
  })

  it('where never shows a password, and a URL with one is refused on the command line', async () => {
    const { out, err } = await cli.runWith(
      {
        env: {
          MEMORY_SYNC_REDIS: undefined,
          MEMORY_SYNC_REDIS_URL: 'redis://:s3cret@somewhere:7000/2',
          XDG_CONFIG_HOME: cli.root,
        },
      },
      'where',
    )
    expect(out).toContain('redis://somewhere:7000/2  (MEMORY_SYNC_REDIS_URL, with a password)')
    expect(out + err).not.toContain('s3cret')
    const refused = await cli.run('get', '--redis-url', 'redis://:s3cret@somewhere:7000')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).not.toContain('s3cret')
  })

  it('settings that cannot be used: exit 4', async () => {
    expect(await cli.runWith({ env: { MEMORY_SYNC_REDIS: 'maybe' } }, 'update', 'mary', 'active')).toMatchObject({
      code: 4,
      out: '',
    })
    expect(
      await cli.runWith({ env: { MEMORY_SYNC_REDIS: '', REDIS_PORT: 'abc' } }, 'update', 'mary', 'active'),
    ).toMatchObject({ code: 4, out: '' })
  })

  it.each([
    ['a pipe that nobody writes to', 'mkfifo'],
    ['a folder', 'mkdir'],
    ['a device', 'ln -s /dev/null'],
  ])('%s in place of the config file or of a password file: exit 4, and no waiting', async (_, make) => {
    await mkdir(`${cli.root}/memory_sync`, { recursive: true })
    const file = `${cli.root}/memory_sync/config.json`
    const call = 'node "$MS" update mary active'
    const asConfig = await cli.shell(`${make} ${file} && ${call}`, { env: { XDG_CONFIG_HOME: cli.root } })
    expect(asConfig).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/config file \S+config.json cannot be used: .*, and no file\n/) })
    const asPassword = await cli.shell(`${call} --redis-url redis://127.0.0.1:1 --redis-password-file ${file}`)
    expect(asPassword).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/password file \S+config.json cannot be read: .* is a (?:pipe|folder|device)/) })
    expect((await cli.run('get')).code).toBe(1)
  })
})

describe('with a Redis', () => {
  it('its password may come out of a pipe, now or after a while, or from stdin', async () => {
    const redis = await startRedis({ password: 'a pass' })
    const cli = await Cli.make({ REDIS: redis.url })
    const calls = ['set mary a=1 --json', 'get --with-meta', 'status --json', 'sync', 'health', 'lock acquire l', 'agents', 'where --json', 'log', 'task add T']
    for (const call of calls) {
      const ran = await cli.shell(`node "$MS" ${call} --redis-url "$REDIS" --redis-password-file <(printf 'a pass\\n')`)
      expect(ran, call).toMatchObject({ err: '', code: call === 'health' ? 1 : 0 })
    }
    const ways = [`<(sleep 0.5; printf 'a '; sleep 0.1; printf pass)`, `/dev/stdin < <(printf 'a pass')`, `/dev/stdin <<<'a pass'`]
    for (const way of ways) {
      const ran = await cli.shell(`node "$MS" set mary n+=1 --json --redis-url "$REDIS" --redis-password-file ${way}`)
      expect(ran, way).toMatchObject({ code: 0, err: '', out: expect.stringContaining('"durability":"redis"') })
    }
    expect(await (await redis.client()).hget('memory:agents:mary', 'context')).toBe('{"a":1,"n":3}')
    const endless = await cli.shell('node "$MS" get --redis-url "$REDIS" --redis-password-file <(yes)')
    expect(endless).toMatchObject({ code: 4, err: expect.stringContaining('more than 64 KiB') })
  })

  it('a write is there when it is acknowledged, for legacy readers too', async () => {
    const redis = await startRedis({ password: 'a pass' })
    const cli = await Cli.make({ MEMORY_SYNC_REDIS_URL: redis.url, REDIS_PASSWORD: 'a pass' })
    const first = JSON.parse(await cli.ok('set', 'mary', 'task=T1', '--json')) as object
    expect(first).toEqual({ ok: true, agent: 'mary', rev: expect.any(Number), durability: 'redis', pending: 0 })
    const hash = await (await redis.client()).hgetall('memory:agents:mary')
    expect(hash).toMatchObject({ status: 'active', context: '{"task":"T1"}' })
    expect(JSON.parse(await cli.ok('status', '--json'))).toMatchObject({
      redis: 'online',
      redisUrl: redis.url,
      redisLatencyMs: expect.any(Number),
    })
    expect(await cli.ok('sync')).toContain('equal')
    expect(JSON.parse(await cli.ok('get', '--with-meta'))).toMatchObject({ durability: 'redis', pending: 0 })
  })

  it('two roots see each other', async () => {
    const redis = await startRedis()
    const [a, b] = [await Cli.make({ REDIS_URL: redis.url }), await Cli.make({ REDIS_URL: redis.url })]
    await a.ok('update', 'mary', 'active')
    expect(await b.ok('get', 'agents.mary.status')).toBe('"active"\n')
    await Promise.all([a, b].flatMap((cli) => Array.from({ length: 5 }, () => cli.ok('set', 'mary', 'n+=1'))))
    expect(await a.ok('get', 'agents.mary.context.n')).toBe('10\n')
  })

  it('away: plain writes are kept here and say so, conditional ones are refused, and all is sent later', async () => {
    const redis = await startRedis({ aof: true })
    const cli = await Cli.make({ MEMORY_SYNC_REDIS_URL: redis.url })
    await cli.ok('set', 'mary', 'a=1')
    await redis.kill('SIGKILL')
    expect(JSON.parse(await cli.ok('set', 'mary', 'b=2', '--json'))).toMatchObject({
      ok: true,
      durability: 'file',
      pending: 1,
    })
    expect(await cli.ok('get', 'context', '--agent', 'mary', '--compact')).toBe('{"a":1,"b":2}\n')
    const refused = await cli.run('set', 'mary', 'c=3', '--if-rev', '1', '--json')
    expect(refused).toMatchObject({ code: 69, err: '' })
    expect(await cli.run('status')).toMatchObject({ code: 1, out: expect.stringContaining('not connected') })
    expect((await cli.run('sync')).code).toBe(69)
    await redis.restart()
    expect(await cli.ok('sync')).toContain('equal')
    expect(await (await redis.client()).hget('memory:agents:mary', 'context')).toBe('{"a":1,"b":2}')
  })

  it('silent: a command goes past it', async () => {
    const redis = await startRedis()
    const cli = await Cli.make({ MEMORY_SYNC_REDIS_URL: redis.url })
    await cli.ok('update', 'mary', 'active')
    await redis.kill('SIGSTOP')
    const { out, code, ms } = await cli.run('update', 'mary', 'idle', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ ok: true, durability: 'file', pending: 1 })
    expect(ms).toBeLessThan(NO_HANG_MS)
    await redis.kill('SIGCONT')
    await cli.ok('sync')
    expect(await (await redis.client()).hget('memory:agents:mary', 'status')).toBe('idle')
  })
})
