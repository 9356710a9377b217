import { describe, expect, test } from 'vitest'
import { isNumberedIn } from '../../../src/core/open-operations.js'
import { Replay } from '../../../src/core/replay.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import { submit } from '../../../src/core/submit.js'
import type { Change, Operation } from '../../../src/domain/operation.js'
import { advance } from '../../../src/domain/replica.js'
import { valueAt } from '../../../src/domain/tree.js'
import type { Store } from '../../../src/store/contract.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'
import type { JournalLine } from '../../../src/store/root.js'

const NOW = 1_000_000
const AGENTS = 7

const operation = (n: number, agent: string, root: string): Operation => ({
  ...{ id: `${root}-${n}`, t: 1_000 + n, target: `agent:${agent}`, kind: 'set', base: 0, baseEpoch: 'r1', by: 'x', root },
  edits: [{ do: 'default', path: '/status', value: '"new"' }, { do: 'add', path: '/context/n', by: '1' }, { do: 'set', path: '/context/last', value: String(n) }],
})

interface Place {
  server: MemoryServer
  store: Store
  copy: RootCopy
  calls: Record<'hello' | 'read' | 'commit', number>
  /** How often commits were sent: those that go together count once. */
  sendings: () => number
  journal: JournalLine[]
  replay: (forMs?: number) => Promise<boolean>
}

/** A root with so many pending writes; `between` happens right before the store gets that commit. */
async function placeWith(count: number, between: { at: number; what: (place: Place) => unknown } | null = null): Promise<Place> {
  const server = new MemoryServer({ now: () => NOW })
  const inner = new MemoryStore(server)
  const { rev } = await inner.beginEpoch(await inner.hello(), { epoch: 'r1', atLeast: 10 })
  const calls = { hello: 0, read: 0, commit: 0 }
  const sending = { now: 0, times: 0 }
  const sent = (answer: Promise<unknown>): Promise<unknown> => {
    if (sending.now++ === 0) sending.times++
    return answer.finally(() => sending.now--)
  }
  const store: Store = new Proxy(inner, {
    get: (target, name: keyof MemoryStore) => {
      const member = target[name] as unknown
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        if (name in calls) calls[name as keyof typeof calls]++
        if (name === 'commit' && calls.commit === between?.at) return Promise.resolve(between.what(place)).then(() => member.apply(target, args) as unknown)
        const answer = member.apply(target, args) as unknown
        return name === 'commit' ? sent(answer as Promise<unknown>) : answer
      }
    },
  })
  const copy = new RootCopy({ now: () => NOW })
  copy.replica = { ...copy.replica, epoch: 'r1', rev, high: rev }
  for (let n = 1; n <= count; n++) copy.open.add({ op: operation(n, `a${n % AGENTS}`, 'own') })
  const journal: JournalLine[] = []
  const append = async (line: JournalLine): Promise<void> => void journal.push(line)
  const place: Place = { server, store, copy, calls, sendings: () => sending.times, journal, replay: (forMs = Infinity) => new Replay(store, copy, { root: { append }, digest: (text) => `digest of ${text}` }).run(forMs) }
  return place
}

const streamed = ({ server }: Place, root: string): string[] =>
  server.data.stream.map(({ text }) => (JSON.parse(text) as Change).id).filter((id) => id.startsWith(root))

const upTo = (count: number, root = 'own'): string[] => Array.from({ length: count }, (_, n) => `${root}-${n + 1}`)

async function sumOf({ store }: Place): Promise<number> {
  let sum = 0
  for (let agent = 0; agent < AGENTS; agent++) {
    const { entry } = await store.read(`agent:a${agent}`)
    sum += Number(entry === undefined ? 0 : (valueAt(entry.tree, '/context/n') ?? 0))
  }
  return sum
}

/** Another root adds to the same records, straight to the store. */
let others = 0
const another = async ({ server }: Place): Promise<void> => {
  const op = operation(++others, `a${others % AGENTS}`, 'other')
  const { is } = await submit(new MemoryStore(server), op, { epoch: 'r1', floor: 0, latest: NOW, waited: false })
  expect(is).toBe('committed')
}

describe('pending writes', () => {
  test('go to the store in their order, with one call for each and next to none besides', async () => {
    const place = await placeWith(500)
    expect(await place.replay()).toBe(true)
    expect(streamed(place, 'own')).toEqual(upTo(500))
    expect(place.calls.commit).toBe(500)
    expect(place.calls.read).toBeLessThanOrEqual(AGENTS + 1)
    expect(place.calls.hello).toBeLessThanOrEqual(2)
    expect(await sumOf(place)).toBe(500)
    const revs = place.server.data.stream.map(({ rev }) => rev)
    expect(place.journal.map((line) => ('op' in line ? [line.op.id, line.rev] : []))).toEqual(upTo(500).map((id, n) => [id, revs[n]]))
    expect(place.copy.open.toReplay(place.copy.replica)).toEqual([])
  })

  test('go in few sendings, each with more than the one before, as long as nobody else writes', async () => {
    const place = await placeWith(1_000)
    await place.replay()
    expect(place.sendings()).toBeLessThanOrEqual(9)
  })

  test.each([1, 2, 3, 40, 64, 100, 150, 199, 200])('keep their order, each once, when another root writes before the commit of number %i', async (at) => {
    const place = await placeWith(200, { at, what: another })
    await place.replay()
    expect(streamed(place, 'own')).toEqual(upTo(200))
    expect(streamed(place, 'other')).toHaveLength(1)
    expect(await sumOf(place)).toBe(201)
  })

  test('keep their order when another root writes before each of them', async () => {
    const between = { at: 0, what: async (place: Place) => ((between.at = place.calls.commit + 3), another(place)) }
    between.at = 1
    const place = await placeWith(100, between)
    await place.replay()
    expect(streamed(place, 'own')).toEqual(upTo(100))
    expect(await sumOf(place)).toBe(100 + streamed(place, 'other').length)
    expect(streamed(place, 'other').length).toBeGreaterThan(10)
  })

  test('that were committed before the connection broke are not committed again', async () => {
    const place = await placeWith(200, { at: 100, what: () => Promise.reject(new Error('cut')) })
    await expect(place.replay()).rejects.toThrow('cut')
    expect(streamed(place, 'own').length).toBeLessThan(200)
    await place.replay()
    expect(streamed(place, 'own')).toEqual(upTo(200))
    expect(await sumOf(place)).toBe(200)
  })

  test('do not write over what a legacy program has put there meanwhile', async () => {
    const place = await placeWith(200, { at: 120, what: ({ server }) => { server.legacySet('a3', 'context', '{"theirs":1,"n":1000}') } })
    await place.replay()
    expect(streamed(place, 'own')).toEqual(upTo(200))
    const { entry } = await place.store.read('agent:a3')
    expect(valueAt(entry!.tree, '/context/theirs')).toBe('1')
    expect(Number(valueAt(entry!.tree, '/context/n'))).toBeGreaterThan(1_000)
  })

  test('of a record that was lost wait, and hold up only those of this record', async () => {
    const place = await placeWith(200, { at: 100, what: ({ server }) => { server.evict('agent:a3') } })
    await place.replay()
    const waiting = place.copy.open.toReplay(place.copy.replica).map(({ op }) => op.target)
    expect(new Set(waiting)).toEqual(new Set(['agent:a3']))
    expect(streamed(place, 'own')).toEqual(upTo(200).filter((id) => streamed(place, 'own').includes(id)))
    expect(streamed(place, 'own').length + waiting.length).toBe(200)
  })

  test('that find what they ask for are done, and the journal says so', async () => {
    const place = await placeWith(0)
    const same = (n: number, root: string): Operation => ({ ...operation(n, 'a1', root), kind: 'edit', edits: [{ do: 'set', path: '/context/last', value: '7' }] })
    await submit(place.store, same(1, 'other'), { epoch: 'r1', floor: 0, latest: NOW, waited: false })
    place.copy.open.add({ op: same(2, 'own') })
    await place.replay()
    expect(streamed(place, 'own')).toEqual([])
    expect(place.journal).toEqual([{ op: same(2, 'own'), rev: 0, epoch: 'r1' }])
  })

  test.each(['before', 'after'])('whose key another root has used first, for another write, are told as lost, once: %s it was heard of', async (when) => {
    const place = await placeWith(0)
    const keyed = (root: string, n: number): Operation => ({ ...operation(n, 'a1', root), id: 'key', digest: `of ${root}` })
    const submission = await submit(place.store, keyed('other', 1), { epoch: 'r1', floor: 0, latest: NOW, waited: false })
    if (when === 'after' && submission.is === 'committed') advance(place.copy.replica, submission.change)
    const { copy } = place
    for (let time = 1; time <= 2; time++) { // killed before the journal had it, say
      copy.open.settle(copy.replica)
      copy.open.add({ op: keyed('own', 2) })
      expect(await place.replay()).toBe(true)
      copy.open.settle(copy.replica)
      expect([copy.open.size, place.journal.at(-1)]).toEqual([0, { op: keyed('own', 2), rev: 0, epoch: 'r1' }])
    }
    const told = place.server.data.stream.map(({ text }) => JSON.parse(text) as Change)
    expect(told).toMatchObject([{ id: 'key' }, { target: 'agent:a1', by: 'x', leaves: [], waited: 'own' }])
    expect(told[1]!.lost).toEqual([{ path: '/context/n', lost: '1', kept: '1' }, { path: '/context/last', lost: '2', kept: '1' }])
  })

  test.each([1, 3])('whose ids another root gave back with what they had written wait until that has come here: %i', async (count) => {
    const place = await placeWith(count)
    const { copy, store } = place
    const draft = { id: 'restore', t: NOW, target: 'agent:a1', kind: 'restore' as const, by: 'memory_sync', leaves: [{ path: '/status', value: '"new"' }] }
    const gives = upTo(count).map((id, n) => ({ id, rev: n + 2 })) // of a lineage that was lost
    const verdict = await store.commit({ epoch: 'r1', floor: 0, draft, expect: { roster: null }, before: undefined, gives })
    expect(await place.replay()).toBe(true)
    copy.open.settle(copy.replica)
    expect([copy.open.size, copy.open.toReplay(copy.replica)]).toEqual([count, []])
    expect(place.journal.filter((line) => 'op' in line && isNumberedIn(copy.replica, line))).toEqual([])
    if (verdict.is === 'committed') advance(copy.replica, verdict.change)
    copy.open.settle(copy.replica)
    expect(copy.open.size).toBe(0)
  })

  test('of a clock that was ahead are in the journal with the time that they were committed with', async () => {
    const place = await placeWith(0)
    const ahead: Operation = { ...operation(1, 'a1', 'own'), t: NOW + 9e11 }
    place.copy.open.add({ op: ahead })
    place.copy.open.add({ op: { ...ahead, id: 'same', kind: 'edit', edits: [{ do: 'set', path: '/status', value: '"new"' }] } })
    await place.replay()
    expect(place.journal.map((line) => ('op' in line ? [line.op.id, line.op.t, line.rev === 0] : []))).toEqual([['own-1', NOW, false], ['same', NOW, true]])
  })

  test('are not older than what was committed before them, though the clock is set back in between', async () => {
    const place = await placeWith(AGENTS + 1, { at: 1, what: ({ copy }) => (copy.skewMs = 500 - NOW) })
    await place.replay()
    const { entry } = await place.store.read('agent:a1')
    expect(valueAt(entry!.tree, '/context/last')).toBe(String(AGENTS + 1))

    const next = await placeWith(1)
    Object.assign(next.copy, { skewMs: 500 - NOW, replica: { ...next.copy.replica, t: NOW } })
    await next.replay()
    expect(next.server.data.stream.map(({ text }) => (JSON.parse(text) as Change).t)).toContain(operation(1, '', '').t)
  })

  test('wait for another round when there is no time for more, in their order', async () => {
    const place = await placeWith(1_000)
    let rounds = 0
    for (let sent = 0; sent < 1_000; sent = streamed(place, 'own').length) {
      expect(++rounds).toBeLessThan(20)
      await place.replay(0)
      expect(streamed(place, 'own')).toEqual(upTo(streamed(place, 'own').length))
    }
    expect(rounds).toBeGreaterThan(3)
    expect(await sumOf(place)).toBe(1_000)
  })

  test('stay where they are when the store has begun another lineage', async () => {
    const place = await placeWith(200, { at: 100, what: ({ server }) => { server.restart({ keep: 'nothing' }) } })
    await place.replay()
    expect(streamed(place, 'own')).toEqual([])
    expect(place.copy.open.toReplay(place.copy.replica).length).toBeGreaterThanOrEqual(100)
  })
})
