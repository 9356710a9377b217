/** What programs without types, or with a slip of the pen, hand to the library: with a hub and without, with Redis and with files the same. */
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lease, MemoryError, SharedMemory } from '../../src/index.js'
import { eventually } from '../support/eventually.js'
import { type Program, runCli, startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

// The built one: what a program gets that imports the package.
const { openMemory } = (await import(
  new URL('../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.js')

type Call = (...args: unknown[]) => Promise<unknown>
type Untyped = Record<'updateAgentContext' | 'record' | 'publishUpdate' | 'acquireLease', Call> &
  Record<'watch' | 'subscribeUpdates', (...args: unknown[]) => AsyncGenerator>

const untyped = (memory: SharedMemory): Untyped => memory as unknown as Untyped
const REFUSED = { name: 'MemoryError', code: 'usage' }

/** Whose members cannot be looked at. */
const throwing = (name: string): object => Object.defineProperty({}, name, { enumerable: true, get: () => JSON.parse('no JSON') as never })

/** Whatever it is. */
const thrown = (what: unknown): never => {
  throw what
}

const NO_CONDITIONS: [string, unknown][] = [
  ...['dp:5', 5, null, ['dp', 5], {}, { name: 'dp' }, { fence: 5 }, { name: 'dp', fence: '5' }, { name: 'dp', fence: -1 }].map(
    (fence): [string, unknown] => [`the fence ${JSON.stringify(fence)}`, { fence }],
  ),
  ['a fence of NaN', { fence: { name: 'dp', fence: Number.NaN } }],
  ['a fence that is no whole number', { fence: { name: 'dp', fence: 1.5 } }],
  ['a fence of what can be no lease', { fence: { name: '', fence: 5 } }],
  ['a fence that throws', { fence: throwing('name') }],
  ...['3', null, -1, 1.5, Number.NaN].map((ifRev): [string, unknown] => [`ifRev ${String(ifRev)}`, { ifRev }]),
  ['a key that is no text', { idempotencyKey: { length: 5 } }],
  ['the key null', { idempotencyKey: null }],
  ['an empty key', { idempotencyKey: '' }],
  ['a name of a condition that there is none of', { ifrev: 3 }],
  ['the name of another agent', { name: 'victim' }],
  ['another patch', { patch: new Map([['a', '1']]) }],
  ['assignments', { assignments: ['a=1'] }],
  ['a status among the conditions', { status: 'busy' }],
  ['a condition that throws', throwing('ifRev')],
]

const NO_RESULTS: [string, object][] = [
  ['another agent', { agent: 'victim' }],
  ['a learning that is no text', { learning: 5 }],
  ['an error that is no text', { error: {} }],
  ['a duration that is no number', { durationMs: '5' }],
  ['a score that is an object', { score: { a: 1 } }],
  ['a score that is NaN', { score: Number.NaN }],
  ['a result that throws', throwing('result')],
  ['a result whose toJSON throws', { result: { toJSON: () => JSON.parse('no JSON') as never } }],
]

const NO_LEASES: [string, unknown][] = [
  ['null', null],
  ['a text', 'x'],
  ['an empty token', { token: '' }],
  ['a token that is no text', { token: 5 }],
  ...[Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, '5', null].flatMap((ms): [string, unknown][] => [
    [`waitMs ${String(ms)}`, { waitMs: ms }],
    [`ttlMs ${String(ms)}`, { ttlMs: ms }],
  ]),
  ['no time', { ttlMs: 0 }],
  ['another name', { name: 'got' }],
  ['another holder', { holder: 'somebody' }],
  ['a reason that is no text', { reason: 5 }],
  ['a signal that is none', { signal: {} }],
  ['an option that throws', throwing('ttlMs')],
]

const SET_UPS = [
  { name: 'files only', redis: false, hub: false },
  { name: 'Redis and no hub', redis: true, hub: false },
  { name: 'Redis and a hub', redis: true, hub: true },
]

describe.each(SET_UPS)('the library with $name', (setUp) => {
  let memory: SharedMemory
  let hub: Program | undefined
  let options: { root: string; redisUrl?: string; by: string }

  beforeAll(async () => {
    const server: RedisServer | undefined = setUp.redis ? await startRedis() : undefined
    process.env['MEMORY_SYNC_REDIS'] = setUp.redis ? 'on' : 'off'
    const root = await makeTempFolder()
    process.env['XDG_CONFIG_HOME'] = root // not the settings of who runs the tests
    hub = setUp.hub ? await startHub({ root, redis: server!.url }) : undefined
    options = { root, by: 'program', ...(server !== undefined && { redisUrl: server.url }) }
    memory = await openMemory(options)
    // On a busy machine Redis may be too late for the first write, and joined in the middle of a test.
    const wanted = setUp.redis ? 'redis' : 'file'
    await eventually(async () => (await memory.updateAgentContext('gg', { n: 1 })).durability === wanted, { what: `a write that is kept by ${wanted}` })
  })

  afterAll(async () => {
    await memory.close()
    hub?.signal('SIGTERM')
    await hub?.ended()
  })

  const unchangedBy = async (call: () => Promise<unknown>): Promise<void> => {
    const before = await memory.getContextText()
    await expect(call()).rejects.toMatchObject(REFUSED)
    expect(await memory.getContextText()).toBe(before)
  }

  it.each(NO_CONDITIONS)('refuses %s, and writes nothing', async (_, conditions) => {
    await unchangedBy(() => untyped(memory).updateAgentContext('gg', { x: 1 }, conditions))
    const result = { id: 'T1', outcome: 'completed' }
    await unchangedBy(() => untyped(memory).record('gg', Object.defineProperties(result, Object.getOwnPropertyDescriptors(conditions))))
  })

  it.each<[string, unknown]>([
    ['a text', 'ifRev'],
    ['a number', 5],
    ['null', null],
    ['an array', []],
    ['a Map', new Map([['ifRev', 3]])],
    ['a promise', Promise.resolve({ ifRev: 3 })],
  ])('refuses conditions that are %s', async (_, conditions) => {
    await unchangedBy(() => untyped(memory).updateAgentContext('gg', { x: 1 }, conditions))
  })

  it.each(NO_RESULTS)('refuses a result to record with %s', async (_, members) => {
    const result = { id: 'T1', outcome: 'completed' }
    await unchangedBy(() => untyped(memory).record('gg', Object.defineProperties(result, Object.getOwnPropertyDescriptors(members))))
  })

  // With a hub the watch has a connection of its own, and the write may come before it.
  it.skipIf(setUp.hub).each(['was just opened', 'was in use'])('tells a watcher of a memory that %s what is written right after it was asked for', async (how) => {
    const used = how === 'was in use' ? memory : await openMemory(options)
    const first = used.watch({ agent: 'mm' }).next()
    let isTold = false
    void first.then(() => (isTold = true))
    const name = how.replaceAll(' ', '_')
    for (let n = 0; !isTold; n++) await used.updateAgentContext('mm', { [name]: n })
    expect((await first).value).toMatchObject({ data: { context: { [name]: 0 } } })
    if (used !== memory) await used.close()
  })

  it('refuses patches and events that throw, and arguments that are none', async () => {
    await unchangedBy(() => untyped(memory).updateAgentContext('gg', throwing('x')))
    await unchangedBy(() => untyped(memory).updateAgentContext('gg', throwing('status')))
    await unchangedBy(() => untyped(memory).publishUpdate(throwing('x')))
    await unchangedBy(() => untyped(memory).record('gg', null))
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const odd = new Proxy({}, { ownKeys: () => thrown(Object.create(null)) })
    for (const given of [proxy, odd]) {
      await unchangedBy(() => untyped(memory).updateAgentContext(given, { x: 1 }))
      await unchangedBy(() => untyped(memory).updateAgentContext('gg', given))
      await unchangedBy(() => untyped(memory).updateAgentContext('gg', { x: 1 }, given))
      await unchangedBy(() => untyped(memory).record(given, { id: 'T1', outcome: 'completed' }))
      await unchangedBy(() => untyped(memory).acquireLease(given))
      await unchangedBy(() => untyped(memory).watch(given).next())
    }
    for (const given of [null, 'x', { since: 1.5 }, { agent: 5 }, { event: 5 }, { signal: {} }, { agnet: 'gg' }, throwing('since')]) {
      await unchangedBy(() => untyped(memory).watch(given).next())
    }
    await unchangedBy(() => untyped(memory).subscribeUpdates({}).next())
    await unchangedBy(() => untyped(memory).subscribeUpdates(null).next())
  })

  it.each(NO_LEASES)('grants no lease for options with %s', async (_, given) => {
    await expect(untyped(memory).acquireLease('want', given)).rejects.toMatchObject(REFUSED)
    const { release } = await memory.acquireLease('want') // nobody has it
    await release()
  })

  it('begins after a revision that is given as a number, as events have it', async () => {
    const { rev } = await memory.updateAgentContext('gg', { since: 1 })
    await memory.updateAgentContext('gg', { since: 2 })
    for await (const event of memory.watch({ since: rev ?? 0 })) {
      expect(event).toMatchObject({ agent: 'gg', data: { context: { since: 2 } } })
      break
    }
    await expect(untyped(memory).watch({ since: -1 }).next()).rejects.toMatchObject(REFUSED)
  })

  it('grants no lease without a name, and renews none for what is no time', async () => {
    for (const name of [5, null, undefined, ['a']]) await expect(untyped(memory).acquireLease(name)).rejects.toMatchObject(REFUSED)
    const lease = await memory.acquireLease('renewed', { ttlMs: 60_000 })
    const renew = lease.renew as Call
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const ttlMs of [Number.NaN, -1, 0, 1.5, Number.POSITIVE_INFINITY, '5', null, {}, proxy]) await expect(renew(ttlMs)).rejects.toMatchObject(REFUSED)
    expect(lease.ttlMs).toBeGreaterThan(1_000)
    await lease.release()
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'x'],
    ['who acts is a number', { by: 5 }],
    ['who acts is null', { by: null }],
    ['nobody acts', { by: '' }],
    ['the root is a number', { root: 5 }],
    ['the address is a number', { redisUrl: 5 }],
    ['the password file is a number', { redisPasswordFile: 5 }],
    ['an option that there is none of', { redis_url: 'redis://x' }],
    ['an option that throws', throwing('by')],
  ])('is not opened where the options are wrong: %s', async (_, wrong) => {
    const given = typeof wrong === 'object' && wrong !== null ? Object.defineProperties({ ...options }, Object.getOwnPropertyDescriptors(wrong)) : wrong
    await expect((openMemory as Call)(given)).rejects.toMatchObject(REFUSED)
  })

  it('takes undefined for what was not given, and a lease as the fence', async () => {
    const lease = await memory.acquireLease('deploy', { ttlMs: 30_000, waitMs: undefined, token: undefined } as object)
    const { rev } = await memory.updateAgentContext('mary', { a: 1 }, { fence: lease, ifRev: undefined, idempotencyKey: undefined } as object)
    await memory.updateAgentContext('mary', { a: 2 }, { ifRev: rev! })
    await memory.record('mary', { id: 'T1', outcome: 'completed', fence: lease, learning: undefined } as never)
    await lease.release()
    await expect(memory.updateAgentContext('mary', { a: 3 }, { fence: lease })).rejects.toMatchObject({ code: 'stale-fence' })
  })

  it('waits for a lease for however long it is told to', async () => {
    const first = await memory.acquireLease('queue')
    const second = memory.acquireLease('queue', { waitMs: Number.MAX_SAFE_INTEGER })
    await expect(memory.acquireLease('queue', { waitMs: 300 })).rejects.toMatchObject({ code: 'timeout' })
    await first.release()
    await (await second).release()
  })

  it('grants no lease to who has aborted the call, before it or while it waits', async () => {
    const reason = new Error('not any more')
    await expect(memory.acquireLease('aborted', { waitMs: 60_000, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const lease = await memory.acquireLease('aborted') // nobody has it
    const end = new AbortController()
    const waiting = memory.acquireLease('aborted', { waitMs: 60_000, signal: end.signal })
    waiting.catch(() => undefined)
    const lookAt = async (): Promise<string> => (await runCli(['lock', 'status', 'aborted', '--json'], { root: options.root, redis: options.redisUrl })).stdout
    await eventually(async () => (JSON.parse(await lookAt()) as { waiting: unknown[] }).waiting.length === 1, { timeoutMs: 30_000, what: 'somebody in the queue' })
    end.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await lease.release()
    await (await memory.acquireLease('aborted', { waitMs: 10_000 })).release()
  })

  it('leaves nothing behind of a call that was aborted on its way, however far it had come', async () => {
    for (let turns = 0, isGranted = false; !isGranted; turns = Math.ceil((turns + 1) * 1.3)) {
      const end = new AbortController()
      const call = memory.acquireLease('late', { ttlMs: 300_000, signal: end.signal })
      call.then(
        () => (isGranted = true),
        () => undefined,
      )
      for (let turn = 0; turn < turns && !isGranted; turn++) await new Promise(setImmediate)
      end.abort()
      const outcome = await call.catch((error: unknown) => error)
      if (isGranted) await (outcome as Lease).release()
      else expect(outcome).toMatchObject({ name: 'AbortError' })
      await (await memory.acquireLease('late', { waitMs: 10_000 })).release()
    }
  })

  it('keeps a result that is null', async () => {
    await memory.record('rnd', { id: 'P1', outcome: 'accepted', result: null })
    expect(await memory.getUnifiedContext()).toMatchObject({ agents: { rnd: { context: { result: null, records: [{ result: null }] } } } })
    await memory.record('rnd', { id: 'P2', outcome: 'accepted' })
    expect(await memory.getUnifiedContext()).toMatchObject({ agents: { rnd: { context: { result: {} } } } })
  })

  it('says what it does not know, and what it knows', async () => {
    await expect(untyped(memory).updateAgentContext('gg', { x: 1 }, { ifrev: 3 })).rejects.toMatchObject({
      message: 'the conditions cannot have "ifrev"',
      suggestions: ['there may be: ifRev, fence, idempotencyKey'],
    })
    const patch = { files: [{ size: 1 }, { size: NaN }] }
    await expect(memory.updateAgentContext('gg', patch)).rejects.toThrow('NaN is no JSON number (at /files/1/size)')
  })

  it('names its own options, and leaves alone what a program has called like an option of the commands', async () => {
    const root = await makeTempFolder()
    for (const redisPasswordFile of [`${root}/x--root/--redis-url`, `${root}/--redis-password-file`]) {
      await expect(openMemory({ root, redisPasswordFile })).rejects.toMatchObject({ code: 'config', message: expect.stringContaining(redisPasswordFile) })
    }
    await writeFile(`${root}/empty`, '')
    await expect(openMemory({ root, redisPasswordFile: `${root}/empty` })).rejects.toMatchObject({ code: 'config', message: 'the file named by redisPasswordFile is empty' })
  })

  it('names its own options, and not those of the commands', async () => {
    const ways = [{ redisUrl: 'redis://:secret@localhost' }, { redisUrl: 'http://localhost' }, { redisUrl: '' }, { root: '' }, { root: ' ' }, { redisPasswordFile: ' ' }]
    for (const options of ways) {
      const error = await openMemory(options).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code: 'usage' })
      const { message, suggestions } = error as MemoryError
      expect([message, ...suggestions].join('\n')).toContain(Object.keys(options)[0])
      expect([message, ...suggestions].join('\n')).not.toMatch(/--|secret/)
    }
  })
})
