import { expect, test } from 'vitest'
import { LegacyWatch } from '../../../src/core/legacy.js'
import type { Ports } from '../../../src/core/ports.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import { cloneEntry, emptyEntry, type Entry } from '../../../src/domain/entry.js'
import type { Change, Draft, Target } from '../../../src/domain/operation.js'
import { advance } from '../../../src/domain/replica.js'
import type { Store, Stored } from '../../../src/store/contract.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'
import type { JournalLine } from '../../../src/store/root.js'

const NOW = 1_000_000
const AGENTS = 50

const draftOf = (n: number, value: string): Draft => ({
  ...{ id: `own-${n}-${value}`, t: 1_000, target: `agent:a${n}`, kind: 'set', by: 'x' },
  leaves: [{ path: '/status', value: `"${value}"` }],
})

/** A root that has pulled everything of a store with so many agents, and looks at all of them now and then. */
async function place() {
  let now = NOW
  const server = new MemoryServer({ now: () => now })
  const store = new MemoryStore(server)
  const { rev } = await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 10 })
  const copy = new RootCopy({ now: () => now })
  copy.replica = { ...copy.replica, epoch: 'r1', rev, high: rev }
  const journal: JournalLine[] = []
  const root = { append: async (line: JournalLine): Promise<void> => void journal.push(line) }
  const ports = { digest: (text: string) => text, clock: { now: () => now }, tell: () => undefined, root } as unknown as Ports
  const legacy = new LegacyWatch(ports)
  const read: Target[] = []
  let meanwhile = (): Promise<void> => Promise.resolve()
  const counting = Object.assign(Object.create(store) as MemoryStore, {
    read: (...args: Parameters<MemoryStore['read']>) => (read.push(args[0]), store.read(...args)),
    unlike: async (...args: Parameters<MemoryStore['unlike']>) => {
      const unlike = await store.unlike(...args)
      await meanwhile()
      return unlike
    },
  })
  const commit = async (draft: Draft): Promise<Change> => {
    const verdict = await store.commit({ epoch: 'r1', floor: 0, draft, before: undefined, expect: {} })
    if (verdict.is !== 'committed') throw new Error(verdict.is)
    return verdict.change
  }
  const pull = async (): Promise<void> => {
    for (const change of (await store.changesAfter(copy.replica.rev, 1_000)).changes) advance(copy.replica, change)
  }
  for (let n = 0; n < AGENTS; n++) await commit(draftOf(n, 'new'))
  await pull()
  /** What was read, and what came of it. `during`: what happens while the answer is on its way. */
  const scan = async (during = meanwhile): Promise<{ read: Target[]; ahead: Target[]; hasSent: boolean }> => {
    read.length = 0
    meanwhile = during
    const outcome = await legacy.take(counting, copy, await store.targets())
    await pull()
    return { read: [...read], ...outcome }
  }
  const pass = (ms: number): void => void (now += ms)
  return { server, store, copy, journal, commit, pull, scan, pass }
}

test('a look at all records reads none that is as it should be', async () => {
  const { commit, pull, scan } = await place()
  expect(await scan()).toEqual({ read: [], ahead: [], hasSent: false })
  await commit(draftOf(7, 'other'))
  await pull()
  expect(await scan()).toEqual({ read: [], ahead: [], hasSent: false })
})

test('a change that this root has not pulled is ahead, and is not when it was pulled', async () => {
  const { commit, scan } = await place()
  await commit(draftOf(7, 'other'))
  expect(await scan()).toEqual({ read: ['agent:a7'], ahead: ['agent:a7'], hasSent: false })
  expect(await scan()).toEqual({ read: [], ahead: [], hasSent: false })
})

test('a change of which this root hears while it compares is compared the next time, and nothing is read for it', async () => {
  const { commit, pull, scan } = await place()
  await commit(draftOf(7, 'other'))
  expect(await scan(pull)).toEqual({ read: [], ahead: ['agent:a7'], hasSent: false })
  expect(await scan()).toEqual({ read: [], ahead: [], hasSent: false })
})

test("what a legacy program wrote is taken in, and what it wrote back, too", async () => {
  const { server, scan, journal } = await place()
  for (const raw of ['by hand', 'new', 'by hand']) {
    server.legacySet('a7', 'status', raw)
    expect(await scan()).toMatchObject({ hasSent: true })
    expect(journal.at(-1)).toMatchObject({ op: { kind: 'legacy', edits: [{ do: 'set', path: '/status', value: JSON.stringify(raw) }] } })
  }
})

test('a record of which nobody knows everything is restored after ten seconds, and only then said to be; after each loss anew', async () => {
  let now = 0
  let takes = false
  const told: string[] = []
  const ports = { clock: { now: () => now }, tell: (_: string, text: string) => told.push(text) } as unknown as Ports
  const store = { heal: () => Promise.resolve(takes), changesAfter: () => Promise.resolve({ changes: [], rev: 7 }) } as unknown as Store
  const stored: Stored = { roster: { live: true, rev: 7, born: 1 }, entry: undefined, tokens: new Map(), evicted: true }
  const known: Entry = { ...emptyEntry(), live: true, rev: 5, born: 1 }
  const watch = new LegacyWatch(ports)
  const heal = (): Promise<boolean> => watch.heal(store, 'r1', 'agent:mary', stored, known)

  expect(await heal()).toBe(false)
  now = 10_000
  expect([await heal(), told]).toEqual([false, []]) // a key of another type stands in the way
  takes = true
  expect([await heal(), told.length]).toEqual([true, 1])
  expect([await heal(), told.length]).toEqual([false, 1])
})

test.each(['has heard of what it did not know', 'has not'])('a record that another root has put back is waited for anew when it is lost again, where this one %s', async (hears) => {
  const { server, store, copy, commit, scan, pass } = await place()
  const target = 'agent:a7'
  /** A change that nobody but its writer has heard of, and the record without it; what was put back by him. */
  const loses = async (value: string): Promise<() => Promise<void>> => {
    await commit(draftOf(7, value))
    const { roster, entry } = await store.read(target)
    server.evictMarks('stream')
    server.evict(target)
    return async () => {
      expect(await store.heal('r1', target, roster!, entry!)).toBe(true)
      if (hears.startsWith('has heard')) copy.replica.entries.set(target, cloneEntry(entry!))
    }
  }
  const isWaitedFor = async (): Promise<boolean> => !(await scan()).hasSent && (await store.read(target)).evicted
  const putBack = await loses('other')
  expect(await isWaitedFor()).toBe(true)
  pass(5_000)
  await putBack()
  await scan()
  pass(60_000)
  await loses('third')
  expect(await isWaitedFor()).toBe(true)
  pass(9_999)
  expect(await isWaitedFor()).toBe(true)
  pass(1)
  expect(await isWaitedFor()).toBe(false)
})
