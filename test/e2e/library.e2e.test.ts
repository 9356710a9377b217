import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { MemoryEvent, Plain, SharedMemory } from '../../src/index.js'
import { afterwards } from '../support/cleanup.js'
import { configure } from '../support/configure.js'
import { makeTempFolder } from '../support/temp.js'
import { Cli } from './cli.js'

// The built one: what a program gets that imports the package.
const { openMemory, MemoryError } = (await import(
  new URL('../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.js')

type Untyped = Record<'updateAgentContext' | 'record' | 'publishUpdate', (...args: unknown[]) => Promise<unknown>>

let cli: Cli
let memory: SharedMemory

beforeEach(async () => {
  process.env['MEMORY_SYNC_REDIS'] = 'off'
  process.env['TZ'] = 'Asia/Bangkok' // as the commands that it is compared with
  cli = await Cli.make()
  process.env['XDG_CONFIG_HOME'] = cli.root // not the settings of who runs the tests
  memory = await openMemory({ root: cli.root, by: 'program' })
  const opened = memory
  afterwards(() => opened.close())
})

describe('the library', () => {
  it('writes and reads what the commands read and write', async () => {
    const receipt = await memory.updateAgentContext('mary', {
      task: 'T1',
      n: 12345678901234567890n,
      gone: undefined,
      status: 'busy',
    })
    expect(receipt).toEqual({ ok: true, agent: 'mary', rev: expect.any(Number), durability: 'file', pending: 0 })
    expect(await cli.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(
      '{"task":"T1","n":12345678901234567890,"status":"busy"}\n',
    )
    await memory.updateAgentContext('mary', { status: '' })
    expect(await cli.ok('get', 'agents.mary.status', '--raw')).toBe('busy\n')
    await memory.updateAgentContext('mary', { status: 'busy' })
    await cli.ok('set', 'rnd', 'x=1.5')
    expect(await memory.getUnifiedContext()).toMatchObject({
      agents: { mary: { context: { n: '12345678901234567890' } }, rnd: { context: { x: 1.5 } } },
    })
    expect(`${await memory.getContextText()}\n`).toBe(await cli.ok('get'))
  })

  it('records results', async () => {
    const { receipt, warnings } = await memory.record('mary', {
      id: 'T1',
      outcome: 'completed',
      result: { files: 3 },
      durationMs: 12,
      score: 0.5,
    })
    expect({ ok: receipt.ok, warnings }).toEqual({ ok: true, warnings: [] })
    expect(JSON.parse(await cli.ok('get', 'agents.mary.context'))).toMatchObject({
      ...{ last_task: 'T1', task_status: 'completed', result: { files: 3 } },
      ...{ records: [{ duration_ms: 12, score: 0.5 }], totals: { count: 1, duration_ms: 12 } },
    })
  })

  it.each<[string, (memory: Untyped) => Promise<unknown>]>([
    ['a patch that is a text', (untyped) => untyped.updateAgentContext('mary', 'hello')],
    ['a patch that is an array', (untyped) => untyped.updateAgentContext('mary', [1])],
    ['a patch that is a number', (untyped) => untyped.updateAgentContext('mary', 5)],
    ['no patch', (untyped) => untyped.updateAgentContext('mary')],
    ['an agent that is a number', (untyped) => untyped.updateAgentContext(5, { a: 1 })],
    ['a result without an id', (untyped) => untyped.record('mary', {})],
    ['a result without an outcome', (untyped) => untyped.record('mary', { id: 'T1' })],
    ['an event that is a text', (untyped) => untyped.publishUpdate('x')],
  ])('refuses %s, and changes nothing', async (_, call) => {
    await memory.updateAgentContext('gg', { n: 1 })
    const before = await memory.getContextText()
    await expect(call(memory as unknown as Untyped)).rejects.toMatchObject({ name: 'MemoryError', code: 'usage' })
    expect(await memory.getContextText()).toBe(before)
  })

  it('that was closed takes nothing any more, and opens nothing that would keep its program alive', async () => {
    await memory.updateAgentContext('mary', { n: 1 })
    await memory.close()
    for (const call of [() => memory.updateAgentContext('mary', { n: 2 }), () => memory.getContextText(), () => memory.watch().next(), () => memory.acquireLease('report')]) {
      await expect(call()).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('was closed') })
    }
    expect(await cli.ok('get', 'agents.mary.context.n')).toBe('1\n')
  })

  it.each(['a watch', 'a wait for a lease', 'a wait for a lease that has hardly begun'])('that is closed ends %s', async (what) => {
    const holder = await openMemory({ root: cli.root, by: 'holder' })
    afterwards(() => holder.close())
    const lease = await holder.acquireLease('report')
    if (what === 'a watch') {
      let told = 0
      const watching = (async () => {
        for await (const _ of memory.watch()) told++
      })()
      let n = 0
      await expect.poll(async () => (await holder.updateAgentContext('mary', { n: n++ }), told)).toBeGreaterThan(0)
      await memory.close()
      await watching
      return
    }
    const waiting = memory.acquireLease('report', { waitMs: 600_000 }).catch((error: unknown) => error)
    const waitingNow = async (): Promise<unknown> => JSON.parse(await cli.ok('lock', 'status', 'report', '--json'))
    if (what === 'a wait for a lease') await expect.poll(waitingNow).toMatchObject({ waiting: ['program'] })
    await memory.close()
    expect(await waiting).toMatchObject({ code: 'usage', message: expect.stringContaining('was closed') })
    await lease.release()
    expect(JSON.parse(await cli.ok('lock', 'status', 'report', '--json'))).toMatchObject({ held: false })
  })

  it('whose settings cannot be used is closed without an error', async () => {
    await expect(openMemory({ root: cli.root, redisUrl: 'garbage' })).rejects.toMatchObject({ code: 'usage' })
    const before = process.env['MEMORY_SYNC_REDIS']
    process.env['MEMORY_SYNC_REDIS'] = 'maybe'
    onTestFinished(() => void (process.env['MEMORY_SYNC_REDIS'] = before))
    const unusable = await openMemory({ root: cli.root })
    await expect(unusable.getContextText()).rejects.toMatchObject({ code: 'config' })
    await unusable.close()
  })

  it('whose files cannot be used throws nothing but its own errors, of a watch too', async () => {
    const root = await makeTempFolder()
    await mkdir(join(root, 'shared_memory/.memory_sync/journal'), { recursive: true }) // where a file should be
    const refused = await openMemory({ root })
    afterwards(() => refused.close())
    const calls = [
      () => refused.updateAgentContext('mary', { n: 1 }),
      () => refused.getUnifiedContext(),
      () => refused.watch().next(),
      () => refused.subscribeUpdates().next(),
    ]
    for (const call of calls) {
      const error: unknown = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(MemoryError)
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(root) })
    }
  })

  it('leaves the reason of an abort as it is, whatever it is', async () => {
    const reason = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/a/file', syscall: 'write' })
    await expect(memory.acquireLease('report', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('throws a lost comparison with what is there', async () => {
    const { rev } = await memory.updateAgentContext('mary', { a: 1, n: 12345678901234567890n, list: [0.5, null] })
    const lost: unknown = await memory.updateAgentContext('mary', { a: 2 }, { ifRev: 99 }).catch((error: unknown) => error)
    if (!(lost instanceof MemoryError)) throw lost
    const { code, details, suggestions } = lost
    expect({ code, rev: details.rev, text: suggestions.join() }).toEqual({ code: 'conflict', rev, text: expect.stringContaining(`--if-rev ${rev}`) as string })
    const { agents } = (await memory.getUnifiedContext()) as { agents: Record<string, Plain> }
    expect(details.current).toEqual(agents['mary'])
    expect(details.current).toMatchObject({ context: { a: 1, n: '12345678901234567890', list: [0.5, null] } })
    await expect(memory.updateAgentContext('nobody', {}, { ifRev: 99 })).rejects.toMatchObject({ details: { current: null, rev: 0 } })
    await expect(memory.updateAgentContext('bad name', {})).rejects.toMatchObject({ code: 'usage' })
  })

  it('takes leases that the commands see, and writes under their fence', async () => {
    const lease = await memory.acquireLease('deploy', { ttlMs: 30_000, reason: 'release' })
    expect(JSON.parse(await cli.ok('lock', 'status', 'deploy', '--json'))).toMatchObject({ holder: 'program', reason: 'release', fence: lease.fence })
    const { name, fence } = lease
    await memory.updateAgentContext('mary', { a: 1 }, { fence: { name, fence } })
    await expect(memory.acquireLease('deploy')).rejects.toMatchObject({ code: 'held' })
    await lease.renew(60_000)
    expect(lease.ttlMs).toBeGreaterThan(30_000)
    await lease.release()
    await expect(lease.renew()).rejects.toMatchObject({ code: 'not-held' })
    await expect(memory.updateAgentContext('mary', { a: 2 }, { fence: { name, fence } })).rejects.toMatchObject({ code: 'stale-fence' })
  })

  it('takes leases for as long as the config allows, where nobody says for how long', async () => {
    await configure(cli.root, { lock: { maxTtlSeconds: 20 } }, cli.root)
    const limited = await openMemory({ root: cli.root, by: 'program' })
    afterwards(() => limited.close())
    const lease = await limited.acquireLease('deploy')
    expect(lease.ttlMs).toBeLessThanOrEqual(20_000)
    await lease.renew(1_000)
    await lease.renew()
    expect(lease.ttlMs).toBeGreaterThan(10_000)
    await expect(lease.renew(60_000)).rejects.toMatchObject({ code: 'usage' })
    await lease.release()
  })

  it('follows changes, and stops when its reader leaves', async () => {
    const { rev } = await memory.updateAgentContext('mary', { a: 1 })
    await cli.ok('set', 'mary', 'a=2')
    const seen: MemoryEvent[] = []
    for await (const event of memory.watch({ since: String(rev), agent: 'mary' })) {
      seen.push(event)
      break
    }
    expect(seen).toMatchObject([{ agent: 'mary', event: 'context_update', data: { context: { a: 2 } } }])
  })
})
