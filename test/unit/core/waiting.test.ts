import { describe, expect, test, vi } from 'vitest'
import { Feed } from '../../../src/core/feed.js'
import { OpenOperations } from '../../../src/core/open-operations.js'
import { ShownRecords } from '../../../src/core/overlay.js'
import { Shared } from '../../../src/domain/shared.js'
import { watchFeed } from '../../../src/core/watch.js'
import { formatLine } from '../../../src/domain/json.js'
import type { Operation, Target } from '../../../src/domain/operation.js'
import { advance, emptyReplica, type Replica } from '../../../src/domain/replica.js'
import { type Seen, SeenIds } from '../../../src/domain/seen-ids.js'
import type { Acknowledged } from '../../../src/store/root.js'

const AGENTS = 10

/** Adds one to the number of its agent; how often anybody looked at what it does is counted. */
class Waiting {
  looks = 0
  timesRead = 0
  private made = 0

  next(kind: Operation['kind'] = 'set'): Acknowledged {
    const n = this.made++
    const edits: Operation['edits'] = [{ do: 'add', path: '/context/n', by: '1' }, { do: 'set', path: '/context/last', value: String(n) }]
    const op = { id: `op${n}`, t: 1_000 + n, target: `agent:a${n % AGENTS}`, kind, edits, base: 0, baseEpoch: '', by: 'x', root: 'r' }
    Object.defineProperty(op, 'edits', { get: () => (this.looks++, edits) })
    Object.defineProperty(op, 't', { get: () => (this.timesRead++, 1_000 + n) })
    return { op }
  }
}

/** A replica that counts how often it is asked for an id. */
function countingReplica(): { replica: Replica; asked: () => number } {
  let asked = 0
  class Counting extends SeenIds {
    override get(id: string): Seen | undefined {
      asked++
      return super.get(id)
    }
  }
  return { replica: { ...emptyReplica(), epoch: 'r1', seen: new Counting() }, asked: () => asked }
}

const change = (op: Operation, rev: number): Parameters<typeof advance>[1] => ({
  ...{ id: op.id, t: op.t, target: op.target, kind: op.kind, by: op.by, rev, prev: rev - 1, epoch: 'r1' },
  leaves: [{ path: '/context/n', value: '1', counts: [{ root: 'r', n: 1, sum: '1' }] }],
})

describe('with thousands of writes that wait for Redis', () => {
  const COUNT = 3_000

  test('each is laid over the records once, whoever looks after each of them', () => {
    const [waiting, open, shown] = [new Waiting(), new OpenOperations(), new ShownRecords()]
    const { replica } = countingReplica()
    for (let n = 0; n < COUNT; n++) {
      open.add(waiting.next())
      const records = shown.of(replica, open)
      expect(records.get(`agent:a${n % AGENTS}`)!.tree.get('context')).toEqual(new Map([['n', String(Math.floor(n / AGENTS) + 1)], ['last', String(n)]]))
    }
    expect(waiting.looks).toBe(COUNT)
  })

  test('each is looked for in the replica a few times in all', () => {
    const [waiting, open] = [new Waiting(), new OpenOperations()]
    const { replica, asked } = countingReplica()
    for (let n = 1; n <= COUNT; n++) {
      open.add(waiting.next())
      open.settle(replica)
      expect(open.pendingCount(replica)).toBe(n)
      expect(open.toReplay(replica)).toHaveLength(n)
    }
    expect(asked()).toBeLessThanOrEqual(3 * COUNT)
  })

  test('the newest of them is known without a look at all', () => {
    const [waiting, open] = [new Waiting(), new OpenOperations()]
    for (let n = 1; n <= COUNT; n++) {
      open.add(waiting.next())
      expect(open.newestT(0)).toBe(999 + n)
    }
    expect(open.newestT(1_000_000)).toBe(1_000_000)
    expect(waiting.timesRead).toBeLessThanOrEqual(2 * COUNT)
  })

  test('a watcher looks at each of them once, and again at those that are left when one has ended', async () => {
    const [waiting, open] = [new Waiting(), new OpenOperations()]
    const { replica } = countingReplica()
    let asked = 0
    const feed = new Feed({
      ...{ rev: () => replica.rev, now: () => 0, rootId: () => 'r', document: () => new Map(), older: () => Promise.resolve({ changes: [], complete: true }) },
      pending: () => open.toReplay(replica),
      isOpen: (id) => (asked++, open.has(id)),
      lastSettled: () => open.lastSettled,
    })
    const end = new AbortController()
    const notices = watchFeed(feed, { signal: end.signal })
    expect((await notices.next()).value).toMatchObject({ is: 'ready' })
    const added = Array.from({ length: COUNT }, () => waiting.next())
    for (const entry of added) {
      open.add(entry)
      feed.wake()
      expect((await notices.next()).value).toMatchObject({ is: 'change', pending: true, change: { id: entry.op.id } })
    }
    expect(waiting.looks).toBe(COUNT)
    expect(asked).toBeLessThanOrEqual(1)

    replica.seen.set(added[0]!.op.id, { rev: 0 }) // it stood there already
    open.settle(replica)
    const last = waiting.next()
    open.add(last)
    feed.wake()
    expect((await notices.next()).value).toMatchObject({ cursor: `0+${COUNT}`, change: { id: last.op.id } })
    end.abort()
    await notices.return(undefined)
  })

  test('what many ask for while it is being done is done once more for all of them', async () => {
    let rounds = 0
    let finish = (): void => undefined
    const shared = new Shared(() => new Promise<number>((resolve) => {
      rounds++
      finish = () => {
        resolve(rounds)
      }
    }))
    const first = shared.ask()
    await Promise.resolve()
    const others = Array.from({ length: 200 }, () => shared.ask())
    finish()
    expect(await first).toBe(1)
    await Promise.resolve()
    finish()
    expect(new Set(await Promise.all(others))).toEqual(new Set([2]))
  })

  test('work that failed does not fail for those who asked after it', async () => {
    let tries = 0
    const shared = new Shared(() => (++tries === 1 ? Promise.reject(new Error('no')) : Promise.resolve(tries)))
    const first = shared.ask()
    await expect(first).rejects.toThrow('no')
    expect(await shared.ask()).toBe(2)
  })
})

describe('what is kept of the records that are shown', () => {
  type Step = (facts: { open: OpenOperations; replica: Replica; waiting: Waiting; added: Acknowledged[] }) => void
  const commit: Step = ({ replica, added }) => {
    advance(replica, change(added[0]!.op, 1))
  }
  const steps: [string, Step][] = [
    ['one was committed', commit],
    ['one was committed, and is dropped', (facts) => {
      commit(facts)
      facts.open.settle(facts.replica)
    }],
    ['one got a revision', ({ open, added }) => {
      open.add({ ...added[1]!, rev: 7, epoch: 'r1' })
    }],
    ['one came that has a revision already', ({ open, waiting }) => {
      open.add({ ...waiting.next(), rev: 7, epoch: 'r1' })
    }],
    ['one came that goes before all others', ({ open, waiting }) => {
      open.add(waiting.next('adopt'))
    }],
    ['the replica has other records', ({ replica }) => {
      replica.entries = new Map()
    }],
  ]

  test.each(steps)('is worked out again when %s', (_, step) => {
    const [waiting, open, shown] = [new Waiting(), new OpenOperations(), new ShownRecords()]
    const { replica } = countingReplica()
    const added = Array.from({ length: 15 }, () => waiting.next())
    for (const entry of added) open.add(entry)
    shown.of(replica, open)
    open.settle(replica)
    step({ open, replica, waiting, added })
    const all = texts(new ShownRecords().of(replica, open))
    expect(texts(shown.of(replica, open))).toEqual(all)
    for (const target of all.keys()) expect(shown.one(replica, open, target)).toEqual(new ShownRecords().one(replica, open, target))
  })

  const texts = (records: ReturnType<ShownRecords['of']>): Map<Target, string> => new Map([...records].map(([target, { tree }]) => [target, formatLine(tree)]))
})

test('a watcher listens once for its end, however much it is told, and leaves nothing behind', async () => {
  const { replica } = countingReplica()
  const feed = new Feed({
    ...{ rev: () => replica.rev, now: () => 0, rootId: () => 'r', document: () => new Map(), older: () => Promise.resolve({ changes: [], complete: true }) },
    ...{ pending: () => [], isOpen: () => false, lastSettled: () => replica },
  })
  const end = new AbortController()
  const listened = vi.spyOn(end.signal, 'addEventListener')
  const notices = watchFeed(feed, { signal: end.signal })
  await notices.next()
  for (let rev = 1; rev <= 100; rev++) {
    const committed = change(new Waiting().next().op, rev)
    advance(replica, committed)
    feed.take({ is: 'changes', changes: [committed] })
    expect((await notices.next()).value).toMatchObject({ is: 'change', change: { rev } })
  }
  expect(listened).toHaveBeenCalledTimes(1)

  const last = notices.next()
  end.abort()
  expect(await last).toEqual({ done: true, value: undefined })
  const woken = vi.fn()
  const forget = feed.onWake(woken)
  feed.wake()
  forget()
  feed.wake()
  expect(woken).toHaveBeenCalledTimes(1)
})

test('a watcher that was told a pending write is told what another root wrote under the same key, too', async () => {
  const { replica } = countingReplica()
  const { op } = new Waiting().next()
  const pending: { op: Operation }[] = []
  const feed = new Feed({
    ...{ rev: () => replica.rev, now: () => 0, rootId: () => 'r', document: () => new Map(), older: () => Promise.resolve({ changes: [], complete: true }) },
    ...{ pending: () => pending, isOpen: () => true, lastSettled: () => replica },
  })
  const end = new AbortController()
  const notices = watchFeed(feed, { signal: end.signal })
  await notices.next()
  pending.push({ op: { ...op, edits: op.edits, t: op.t, digest: 'ours' } })
  feed.wake()
  expect((await notices.next()).value).toMatchObject({ is: 'change', pending: true, change: { id: op.id } })
  const other = { ...change(op, 1), digest: 'theirs' }
  advance(replica, other)
  feed.take({ is: 'changes', changes: [other] })
  expect((await notices.next()).value).toEqual({ is: 'change', change: other, cursor: '1+1' })
  end.abort()
  await notices.return(undefined)
})
