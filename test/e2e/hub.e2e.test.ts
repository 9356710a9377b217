import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NO_HANG_MS } from '../support/budget.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { Cli } from './cli.js'

interface Hub {
  out: () => string
  kill: (signal: NodeJS.Signals) => void
  ended: Promise<number | null>
}

async function startHub(cli: Cli): Promise<Hub> {
  const child = cli.start(['hub'])
  afterwards(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (out += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await eventually(() => out.includes('ready: '), { what: `a hub that is ready`, timeoutMs: 15_000 })
  return { out: () => out, kill: (signal) => void child.kill(signal), ended }
}

describe('hub', () => {
  it('does not make good what is wrong with a Redis that a caller names', async () => {
    const cli = await Cli.make()
    await startHub(cli)
    await cli.ok('update', 'mary', 'active')
    for (const call of [['get'], ['update', 'mary', 'idle'], ['set', 'mary', 'a=1'], ['watch', '--timeout', '1'], ['log']]) {
      expect(await cli.run(...call, '--redis-url', 'redis://:s3cret@somewhere:7000')).toMatchObject({ code: 2, out: '' })
      expect(await cli.run(...call, '--redis-url', 'nonsense')).toMatchObject({ code: 2, out: '' })
      expect(await cli.run(...call, '--redis-password-file', '/none')).toMatchObject({ code: 4, out: '' })
    }
    expect(await cli.ok('get', '/agents/mary/status', '--raw', '--redis-url', 'redis://127.0.0.1:1')).toBe('active\n')
  })

  it('runs in the foreground, is asked, and is ended', async () => {
    const cli = await Cli.make()
    expect(await cli.run('hub', 'status')).toMatchObject({ code: 1, out: expect.stringContaining('no hub runs') })
    expect(await cli.run('hub', 'stop')).toMatchObject({ code: 1, out: '' })
    const hub = await startHub(cli)
    expect(JSON.parse(await cli.ok('hub', 'status', '--json'))).toMatchObject({
      running: true,
      pid: expect.any(Number),
      status: { redis: 'off' },
    })
    expect(await cli.ok('hub', 'status')).toContain('✅ hub running')
    await cli.ok('update', 'mary', 'active')
    expect(JSON.parse(await cli.ok('get', '--with-meta'))).toMatchObject({
      source: 'hub',
      context: { agents: { mary: { status: 'active' } } },
    })
    expect(await cli.ok('hub', 'stop')).toContain('has ended')
    expect(await hub.ended).toBe(0)
    expect(await cli.ok('get', 'agents.mary.status')).toBe('"active"\n')
  })

  it('ends at SIGUSR1 too, and opens no debugger', async () => {
    const hub = await startHub(await Cli.make())
    hub.kill('SIGUSR1')
    expect(await hub.ended).toBe(0)
  })

  it('that is suspended cannot pass an event on, and nobody is told that there is none', async () => {
    const cli = await Cli.make()
    const hub = await startHub(cli)
    hub.kill('SIGSTOP')
    const { code, out, err } = await cli.run('publish', '{"event":"e"}')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/no hub answers\n {2}- memory_sync hub status/)
  })

  it('leaves no journal for commands to read', async () => {
    const cli = await Cli.make()
    const hub = await startHub(cli)
    await cli.ok('update', 'mary', 'active')
    expect(existsSync(`${cli.root}/shared_memory/.memory_sync/journal`)).toBe(true)
    hub.kill('SIGTERM')
    expect(await hub.ended).toBe(0)
    expect(existsSync(`${cli.root}/shared_memory/.memory_sync/journal`)).toBe(false)
    expect(await cli.ok('get', 'agents.mary.status')).toBe('"active"\n')
  })

  it('is only one for a root', async () => {
    const cli = await Cli.make()
    const hub = await startHub(cli)
    expect(await cli.run('hub')).toMatchObject({ code: 1, err: expect.stringMatching(/pid \d+/) })
    hub.kill('SIGTERM')
    expect(await hub.ended).toBe(0)
  })

  it('that is stopped or killed costs no write', async () => {
    const cli = await Cli.make()
    const hub = await startHub(cli)
    hub.kill('SIGSTOP')
    const { code, ms } = await cli.run('update', 'mary', 'active')
    expect(code).toBe(0)
    expect(ms).toBeLessThan(NO_HANG_MS)
    expect(await cli.run('hub', 'status')).toMatchObject({ code: 1, out: expect.stringContaining('does not answer') })
    hub.kill('SIGKILL')
    await hub.ended
    await cli.ok('set', 'mary', 'a=1')
    expect(JSON.parse(await cli.ok('get', 'agents.mary'))).toMatchObject({ status: 'active', context: { a: 1 } })
  })
})
