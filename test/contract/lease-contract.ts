/**
 * What every store promises of leases: the specification of src/store/lease-contract.ts. Times are moved by the driver where
 * it can, else the tests that need it are skipped.
 */
import { describe, expect, it } from 'vitest'
import { WAITER_LIFE_MS, type AcquireCall } from '../../src/domain/lease.js'
import type { LeaseContext, LeaseStore } from '../../src/store/lease-contract.js'
import type { Store } from '../../src/store/contract.js'
import { draftOf, propose, set } from './support/harness.js'

export interface LeasesUnderTest {
  leases: LeaseStore
  store: Store
  /** Of the lineage that is begun, for a root that has reported. */
  context: (root?: string) => Promise<LeaseContext>
  /** Lets time pass, as far as leases are concerned. */
  pass: (ms: number) => Promise<void>
  /** Another epoch in the same data: as after a restart. */
  beginAgain?: () => Promise<void>
  /** The lease's own key is evicted. */
  evict?: (name: string) => Promise<void>
}

let calls = 0
export const callOf = (more: Partial<AcquireCall> = {}): AcquireCall => ({
  ...{ id: `c${++calls}`, name: 'deploy', token: 't-mary', holder: 'mary', reason: 'a "reason"\nwith {brackets}' },
  ...{ ttlMs: 5_000, process: '', waits: false },
  ...more,
})
const rnd = { token: 't-rnd', holder: 'rnd' }
export const releaseOf = (token: string | null, more = {}): Parameters<LeaseStore['release']>[1] => ({
  ...{ id: `r${++calls}`, name: 'deploy', token, reason: '', by: 'mary' },
  ...more,
})

export function leaseContract(name: string, make: () => Promise<LeasesUnderTest>): void {
  describe(`leases of the ${name} store`, () => {
    grants(make)
    queues(make)
    ends(make)
    history(make)
    losses(make)
  })
}

function grants(make: () => Promise<LeasesUnderTest>): void {
  it('are granted to one at a time, with a fence that is the revision of the grant', async () => {
    const { leases, store, context } = await make()
    const before = (await store.hello()).rev
    const mine = await leases.acquire(await context(), callOf())
    expect(mine).toMatchObject({ is: 'granted', fence: (await store.hello()).rev, again: false })
    expect((await store.hello()).rev).toBeGreaterThan(before)
    expect(await leases.acquire(await context(), callOf(rnd))).toMatchObject({
      ...{ is: 'taken', position: null },
      holder: { name: 'mary', reason: 'a "reason"\nwith {brackets}', count: 1, ttlMs: 5_000 },
    })
  })

  it('are seen with holder, reason and time left, and never with the token', async () => {
    const { leases, context } = await make()
    expect(await leases.look('deploy')).toEqual({ name: 'deploy', fence: 0, holder: null, queue: [], withheld: null, foreign: null })
    await leases.acquire(await context(), callOf({ process: '12 34 boot' }))
    const view = await leases.look('deploy')
    expect(view.holder).toMatchObject({ name: 'mary', fence: view.fence, root: 'root-a', process: '12 34 boot' })
    expect(view.holder!.leftMs).toBeGreaterThan(3_000)
    expect(view.holder!.leftMs).toBeLessThanOrEqual(5_000)
    expect(JSON.stringify(view)).not.toContain('t-mary')
    expect(await leases.names()).toEqual(['deploy'])
  })

  it('are independent of each other, whatever their names', async () => {
    const { leases, context } = await make()
    const names = ['a', 'A', 'a:b', 'a.1', 'x_-', 'Z'.repeat(64)]
    for (const name of names) expect(await leases.acquire(await context(), callOf({ name, token: name }))).toMatchObject({ is: 'granted' })
    expect((await leases.names()).sort()).toEqual([...names].sort())
    for (const name of names) expect((await leases.look(name)).name).toBe(name)
  })

  it('are re-entrant for their own token: the same fence, and as many releases', async () => {
    const { leases, context } = await make()
    const first = await leases.acquire(await context(), callOf())
    const again = await leases.acquire(await context(), callOf())
    expect(again).toMatchObject({ is: 'granted', fence: (first as { fence: number }).fence, again: true })
    expect(await leases.release(await context(), releaseOf('t-mary'))).toMatchObject({ is: 'released', left: 1 })
    expect((await leases.look('deploy')).holder).toMatchObject({ name: 'mary' })
    expect(await leases.release(await context(), releaseOf('t-mary'))).toMatchObject({ is: 'released', left: 0 })
    expect((await leases.look('deploy')).holder).toBeNull()
  })

  it('take a repeated call for the same one', async () => {
    const { leases, context } = await make()
    const call = callOf()
    const first = await leases.acquire(await context(), call)
    expect(await leases.acquire(await context(), call)).toMatchObject({ fence: (first as { fence: number }).fence })
    const release = releaseOf('t-mary')
    expect(await leases.release(await context(), release)).toMatchObject({ is: 'released', left: 0 })
    expect(await leases.release(await context(), release)).toMatchObject({ is: 'released' })
    expect(await leases.acquire(await context(), callOf(rnd))).toMatchObject({ is: 'granted' })
    expect(await leases.release(await context(), release)).toMatchObject({ is: 'released', holder: '', left: 0 })
    expect((await leases.look('deploy')).holder).toMatchObject({ name: 'rnd' })
  })

  it('have fences that rise with every grant', async () => {
    const { leases, context } = await make()
    let last = 0
    for (let n = 0; n < 5; n++) {
      const got = await leases.acquire(await context(), callOf({ token: `t${n}` }))
      if (got.is !== 'granted') throw new Error(JSON.stringify(got))
      expect(got.fence).toBeGreaterThan(last)
      last = got.fence
      await leases.release(await context(), releaseOf(`t${n}`))
    }
    const high = { ...(await context()), floor: last + 1_000 }
    expect(await leases.acquire(high, callOf())).toMatchObject({ fence: last + 1_001 })
  })

  it('let a write with the newest fence through, and no other', async () => {
    const { leases, store, context } = await make()
    const write = async (fence: number): Promise<string> =>
      (await propose(store, draftOf([set('/n', '1')]), { fence: { name: 'deploy', fence } })).is
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    expect(await write(mine.fence)).toBe('committed')
    expect(await write(mine.fence - 1)).toBe('fence')
    await leases.release(await context(), releaseOf('t-mary'))
    expect(await write(mine.fence)).toBe('fence')
    const theirs = (await leases.acquire(await context(), callOf(rnd))) as { fence: number }
    expect(await write(mine.fence)).toBe('fence')
    expect(await write(theirs.fence)).toBe('committed')
    expect((await propose(store, draftOf([set('/n', '1')]), { fence: { name: 'other', fence: theirs.fence } })).is).toBe('fence')
  })
}

function queues(make: () => Promise<LeasesUnderTest>): void {
  it('are waited for first come, first served', async () => {
    const { leases, context } = await make()
    await leases.acquire(await context(), callOf())
    const waiters = ['a', 'b', 'c'].map((name) => callOf({ token: name, holder: `${name} "x"`, waits: true }))
    for (const [at, waiter] of waiters.entries()) {
      expect(await leases.acquire(await context(), waiter)).toMatchObject({ is: 'taken', position: at + 1 })
    }
    expect(await leases.acquire(await context(), waiters[1]!)).toMatchObject({ position: 2 })
    expect((await leases.look('deploy')).queue.map(({ name }) => name)).toEqual(['a "x"', 'b "x"', 'c "x"'])
    await leases.release(await context(), releaseOf('t-mary'))
    expect(await leases.acquire(await context(), waiters[1]!)).toMatchObject({ is: 'taken', holder: null })
    expect(await leases.acquire(await context(), callOf(rnd))).toMatchObject({ is: 'taken', holder: null, position: null })
    expect(await leases.acquire(await context(), waiters[0]!)).toMatchObject({ is: 'granted', again: false })
    expect(await leases.acquire(await context(), waiters[1]!)).toMatchObject({ is: 'taken', position: 1 })
  })

  it('pass by a waiter that has left, or gives no sign of life', async () => {
    const { leases, context, pass } = await make()
    await leases.acquire(await context(), callOf({ ttlMs: 60_000 }))
    const [a, b, c] = ['a', 'b', 'c'].map((token) => callOf({ token, waits: true })) as [AcquireCall, AcquireCall, AcquireCall]
    for (const waiter of [a, b, c]) await leases.acquire(await context(), waiter)
    await leases.leave('deploy', a.id)
    await pass(WAITER_LIFE_MS - 500)
    await leases.acquire(await context(), c)
    await pass(1_000)
    await leases.release(await context(), releaseOf('t-mary'))
    expect((await leases.look('deploy')).queue.map(({ id }) => id)).toEqual([c.id])
    expect(await leases.acquire(await context(), c)).toMatchObject({ is: 'granted' })
  })

  it('tell who waits when it is released', async () => {
    const { leases, context } = await make()
    await leases.acquire(await context(), callOf())
    const waiter = callOf({ token: 'a', waits: true })
    await leases.acquire(await context(), waiter)
    const heard: unknown[] = []
    const stop = await leases.hear((name, next) => heard.push(name === '' ? 'look' : [name, next]))
    await leases.release(await context(), releaseOf('t-mary'))
    await expect.poll(() => heard[0]).toSatisfy((first) => first === 'look' || JSON.stringify(first) === JSON.stringify(['deploy', waiter.id]))
    await stop()
  })
}

function ends(make: () => Promise<LeasesUnderTest>): void {
  it('end after their time, and not before', async () => {
    const { leases, context, pass } = await make()
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    await pass(4_000)
    expect(await leases.acquire(await context(), callOf(rnd))).toMatchObject({ is: 'taken' })
    await pass(1_100)
    expect((await leases.look('deploy')).holder).toBeNull()
    const theirs = await leases.acquire(await context(), callOf(rnd))
    expect(theirs).toMatchObject({ is: 'granted', again: false })
    expect((theirs as { fence: number }).fence).toBeGreaterThan(mine.fence)
  })

  it('are renewed by their token from now on', async () => {
    const { leases, context, pass } = await make()
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    await pass(4_000)
    const renewed = await leases.renew(await context(), { name: 'deploy', token: 't-mary', ttlMs: 5_000 })
    expect(renewed).toMatchObject({ is: 'granted', fence: mine.fence })
    expect((renewed as { leftMs: number }).leftMs).toBeGreaterThan(4_500)
    await pass(4_000)
    expect((await leases.look('deploy')).holder).toMatchObject({ name: 'mary' })
  })

  it('acquired once more for longer last, and say that they last, for the longer time', async () => {
    const { leases, context } = await make()
    const ttlMs = async (): Promise<number | undefined> => (await leases.look('deploy')).holder?.ttlMs
    await leases.acquire(await context(), callOf({ ttlMs: 5_000 }))
    expect(await leases.acquire(await context(), callOf({ ttlMs: 20_000 }))).toMatchObject({ is: 'granted', again: true })
    expect(await ttlMs()).toBe(20_000)
    await leases.acquire(await context(), callOf({ ttlMs: 1_000 }))
    expect(await ttlMs()).toBe(20_000)
  })

  it('acquired twice are not shortened by whoever renews them for less', async () => {
    const { leases, context } = await make()
    await leases.acquire(await context(), callOf({ ttlMs: 20_000 }))
    await leases.acquire(await context(), callOf())
    const renewed = await leases.renew(await context(), { name: 'deploy', token: 't-mary', ttlMs: 1_000 })
    expect((renewed as { leftMs: number }).leftMs).toBeGreaterThan(15_000)
    await leases.release(await context(), releaseOf('t-mary'))
    const alone = await leases.renew(await context(), { name: 'deploy', token: 't-mary', ttlMs: 1_000 })
    expect((alone as { leftMs: number }).leftMs).toBeLessThanOrEqual(1_000)
  })

  it('are renewed and released by nobody else, and not when nobody has them', async () => {
    const { leases, context, pass } = await make()
    const renewal = { name: 'deploy', token: 't-rnd', ttlMs: 5_000 }
    expect(await leases.renew(await context(), renewal)).toEqual({ is: 'not-held' })
    expect(await leases.release(await context(), releaseOf('t-rnd'))).toEqual({ is: 'not-held' })
    await leases.acquire(await context(), callOf())
    expect(await leases.renew(await context(), renewal)).toEqual({ is: 'wrong-token', holder: 'mary' })
    expect(await leases.release(await context(), releaseOf('t-rnd'))).toEqual({ is: 'wrong-token', holder: 'mary' })
    await pass(5_100)
    expect(await leases.renew(await context(), { ...renewal, token: 't-mary' })).toEqual({ is: 'not-held' })
    expect(await leases.release(await context(), releaseOf('t-mary'))).toEqual({ is: 'not-held' })
    expect(await leases.release(await context(), releaseOf(null))).toEqual({ is: 'not-held' })
  })

  it('are ended by force whoever has them, if it is the grant that was looked at', async () => {
    const { leases, context } = await make()
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    await leases.acquire(await context(), callOf())
    expect(await leases.release(await context(), releaseOf(null, { fence: mine.fence - 1 }))).toEqual({ is: 'not-held' })
    const forced = await leases.release(await context(), releaseOf(null, { fence: mine.fence, by: 'boss' }))
    expect(forced).toMatchObject({ is: 'released', holder: 'mary', left: 0 })
    expect((forced as { fence: number }).fence).toBeGreaterThan(mine.fence)
  })
}

function history(make: () => Promise<LeasesUnderTest>): void {
  it('are told as changes without a hole, which touch no record', async () => {
    const { leases, store, context } = await make()
    const { rev } = await store.hello()
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    await leases.release(await context(), releaseOf('t-mary', { reason: 'x "holder": y' }))
    await leases.acquire(await context(), callOf(rnd))
    await leases.release(await context(), releaseOf(null, { by: 'boss' }))
    const { changes } = await store.changesAfter(rev, 10)
    expect(changes.map(({ prev }) => prev)).toEqual([rev, ...changes.slice(0, -1).map((change) => change.rev)])
    expect(changes.map(({ target, kind, leaves }) => [target, kind, leaves])).toEqual(changes.map(() => ['lease:deploy', 'lease', []]))
    expect(changes.map(({ by, lease }) => [by, lease?.action, lease?.holder])).toEqual([
      ['mary', 'granted', 'mary'],
      ['mary', 'released', 'mary'],
      ['rnd', 'granted', 'rnd'],
      ['boss', 'forced', 'rnd'],
    ])
    expect(changes[0]).toMatchObject({ rev: mine.fence, lease: { reason: 'a "reason"\nwith {brackets}', ttlMs: 5_000, root: 'root-a' } })
    expect(changes[1]!.lease).toMatchObject({ former: mine.fence, reason: 'x "holder": y', ttlMs: 5_000 })
    expect(JSON.stringify(changes)).not.toContain('t-mary')
  })
}

function losses(make: () => Promise<LeasesUnderTest>): void {
  it('are not granted in another lineage than the caller believes in, or before its root has reported', async ({ skip }) => {
    const { leases, context, beginAgain } = await make()
    if (beginAgain === undefined) return skip()
    const before = await context()
    await leases.acquire(before, callOf())
    await beginAgain()
    expect(await leases.acquire(before, callOf(rnd))).toEqual({ is: 'epoch' })
    expect(await leases.renew(before, { name: 'deploy', token: 't-mary', ttlMs: 5_000 })).toEqual({ is: 'epoch' })
    expect(await leases.report(before, [], [])).toBe(false)
    const stranger = { ...(await context()), root: 'root-x' }
    expect(await leases.acquire(stranger, callOf(rnd))).toEqual({ is: 'report' })
  })

  it('are not granted after a loss until every known root has told, or the longest time is over', async ({ skip }) => {
    const { leases, context, beginAgain, pass } = await make()
    if (beginAgain === undefined) return skip()
    await context('root-b')
    await beginAgain()
    const withheld = await leases.acquire(await context('root-a'), callOf({ waits: true }))
    expect(withheld).toMatchObject({ is: 'withheld', roots: ['root-b'], position: 1 })
    expect((await leases.look('deploy')).withheld).toMatchObject({ roots: ['root-b'] })
    await pass(60_000) // longer than this root allows; the root that is missing may have allowed more
    expect(await leases.acquire(await context('root-a'), callOf())).toMatchObject({ is: 'withheld', roots: ['root-b'] })
    await pass(15 * 60_000 - 60_000 + 1_000)
    expect(await leases.acquire(await context('root-a'), callOf())).toMatchObject({ is: 'granted' })
    await beginAgain()
    expect(await leases.acquire(await context('root-a'), callOf({ name: 'x' }))).toMatchObject({ is: 'withheld' })
    await context('root-b')
    expect(await leases.acquire(await context('root-a'), callOf({ name: 'x' }))).toMatchObject({ is: 'granted' })
    await beginAgain()
    const strict = { ...(await context('root-a')), strict: true }
    await context('root-b')
    expect(await leases.acquire(strict, callOf({ name: 'y' }))).toMatchObject({ is: 'withheld', roots: [] })
  })

  it('come back with what a root kept, but for a newer grant, and their writes are refused', async ({ skip }) => {
    const { leases, store, context, beginAgain } = await make()
    if (beginAgain === undefined) return skip()
    const on = await context()
    const first = (await leases.acquire(on, callOf())) as { fence: number }
    const kept = {
      ...{ name: 'gone', fence: first.fence },
      holder: { name: 'rnd', token: 't-rnd', leftMs: 4_000, ttlMs: 5_000, reason: 'r', since: 1, count: 1, root: 'root-a', process: '' },
    }
    await beginAgain()
    const after = await context()
    expect(await leases.report(after, [kept, { ...kept, name: 'deploy', fence: first.fence - 1 }], ['root-b'])).toBe(true)
    expect(await leases.roots()).toContain('root-b')
    expect(await leases.acquire(after, callOf({ name: 'gone' }))).toMatchObject({ is: 'taken', holder: { name: 'rnd', fence: first.fence } })
    expect((await leases.look('deploy')).holder).toMatchObject({ name: 'mary' })
    expect(await leases.renew(after, { name: 'gone', token: 't-rnd', ttlMs: 5_000 })).toMatchObject({ is: 'granted', fence: first.fence })
    const write = await propose(store, draftOf([set('/n', '1')]), { fence: { name: 'gone', fence: first.fence } })
    expect(write.is).toBe('fence')
    await leases.release(after, releaseOf('t-rnd', { name: 'gone' }))
    await context('root-b')
    expect((await leases.acquire(after, callOf({ name: 'gone' }))) as { fence: number }).toMatchObject({ is: 'granted' })
  })

  it('are not lost with their own key', async ({ skip }) => {
    const { leases, store, context, evict } = await make()
    if (evict === undefined) return skip()
    const mine = (await leases.acquire(await context(), callOf())) as { fence: number }
    await evict('deploy')
    expect(await leases.acquire(await context(), callOf(rnd))).toMatchObject({ is: 'taken' })
    const write = await propose(store, draftOf([set('/n', '1')]), { fence: { name: 'deploy', fence: mine.fence } })
    expect(write.is).toBe('committed')
    expect(await leases.renew(await context(), { name: 'deploy', token: 't-mary', ttlMs: 5_000 })).toMatchObject({ fence: mine.fence })
    await evict('deploy')
    await leases.release(await context(), releaseOf('t-mary'))
    await evict('deploy')
    const next = (await leases.acquire(await context(), callOf(rnd))) as { fence: number }
    expect(next.fence).toBeGreaterThan(mine.fence)
  })
}
