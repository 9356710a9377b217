import { expect, test } from 'vitest'
import { JournalKeeping, type KeptFor } from '../../../src/core/journal-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import { emptyEntry } from '../../../src/domain/entry.js'
import type { Change } from '../../../src/domain/operation.js'
import { type Seen, SeenIds } from '../../../src/domain/seen-ids.js'
import { emptyState } from '../../../src/store/file/state-format.js'

const changesUpTo = (count: number): Change[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ id: `c${n}`, t: n, target: 'agent:a', kind: 'set' as const, by: 'x', epoch: 'r1', rev: n + 1, prev: n },
    leaves: [{ path: '/n', value: String(n) }],
  }))

/** How often the state of so many records is saved by who comes to a root of whose history so many changes are not in it. */
async function savesAfter(changes: number, records: number, keptFor: KeptFor): Promise<number> {
  let saves = 0
  const entries = new Map(Array.from({ length: records }, (_, n) => [`agent:old${n}`, emptyEntry()] as const))
  const state = { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1', entries } }
  const root = {
    load: () => Promise.resolve({ state, saved: null, lines: [], tail: { generation: 0, ino: null, end: 0 }, damage: null }),
    prepareSave: () => Promise.resolve(),
    save: async () => {
      saves++
      return null
    },
    isSaved: () => Promise.resolve(true),
    id: () => Promise.resolve('r'),
    versions: { reload: () => undefined },
    history: { follow: () => () => Promise.resolve(changesUpTo(changes)), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const keeping = new JournalKeeping({ root, clock } as unknown as Ports, new RootCopy(clock), keptFor)
  await keeping.refresh()
  await keeping.fold()
  await keeping.fold() // what is saved is not to be caught up with again
  return saves
}

test.each<[number, number, KeptFor, number]>([
  [99, 0, 'a round', 0],
  [100, 0, 'a round', 1],
  [499, 4_890, 'a round', 0],
  [500, 4_890, 'a round', 1],
  [499, 0, 'life', 0],
  [500, 0, 'life', 1],
])('with %i changes to catch up with, and %i records besides, who keeps the root for %s saves the state %i times', async (changes, records, keptFor, saves) => {
  expect(await savesAfter(changes, records, keptFor)).toBe(saves)
})

test('a change that does not join on, as one before it was just being told, comes when that one has been told', async () => {
  const [first, second] = changesUpTo(2)
  const history: Change[] = [second!]
  const root = {
    load: () => Promise.resolve({ state: { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1' } }, saved: null, lines: [], tail: { generation: 0, ino: 1, end: 0 }, damage: null }),
    more: (tail: unknown) => Promise.resolve({ lines: [], tail }),
    id: () => Promise.resolve('r'),
    history: {
      follow: () => {
        let read = 0
        return (): Promise<Change[]> => Promise.resolve(history.slice(read, (read = history.length)))
      },
      add: () => Promise.resolve(),
    },
  }
  const clock = { now: () => 1_000 }
  const copy = new RootCopy(clock)
  const keeping = new JournalKeeping({ root, clock } as unknown as Ports, copy, 'a round')
  await keeping.refresh()
  expect(copy.replica.rev).toBe(0)
  history.unshift(first!)
  await keeping.refresh()
  expect(copy.replica.rev).toBe(2)
})

test('lines that could not be taken, because the history could not be read, are read again', async () => {
  const op = { id: 'op1', t: 1, target: 'agent:a', kind: 'set' as const, edits: [], base: 0, baseEpoch: '', by: 'x', root: 'r' }
  const failures = [false, true, false]
  const tail = { generation: 0, ino: 1, end: 0 }
  const root = {
    load: () => Promise.resolve({ state: emptyState(), saved: null, lines: [], tail, damage: null }),
    more: (from: typeof tail) => Promise.resolve({ lines: from.end === 0 ? [{ op }] : [], tail: { ...tail, end: 100 } }),
    id: () => Promise.resolve('r'),
    history: { follow: () => () => (failures.shift() === true ? Promise.reject(new Error('EMFILE')) : Promise.resolve([])), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const copy = new RootCopy(clock)
  const keeping = new JournalKeeping({ root, clock } as unknown as Ports, copy, 'a round')
  await keeping.refresh()
  await expect(keeping.refresh()).rejects.toThrow('EMFILE')
  await keeping.refresh()
  expect(copy.open.has('op1')).toBe(true)
})

test('while a hub prepares to fold, the journal is read for others', async () => {
  let ready = (): void => undefined
  const steps: string[] = []
  const root = {
    load: () => Promise.resolve({ state: { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1' } }, saved: null, lines: [], tail: { generation: 0, ino: 1, end: 0 }, damage: null }),
    more: (tail: unknown) => (steps.push('read'), Promise.resolve({ lines: [], tail })),
    prepareSave: () => (steps.push('prepare'), new Promise<void>((resolve) => (ready = resolve))),
    seal: () => (steps.push('seal'), Promise.resolve()),
    save: () => (steps.push('save'), Promise.resolve(null)),
    dropSegments: () => Promise.resolve(),
    sweep: () => Promise.resolve(),
    id: () => Promise.resolve('r'),
    history: { follow: () => () => Promise.resolve([]), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const keeping = new JournalKeeping({ root, clock } as unknown as Ports, new RootCopy(clock), 'life')
  await keeping.refresh()
  const folded = keeping.fold(true)
  await keeping.refresh()
  expect(steps).toEqual(['prepare', 'read'])
  ready()
  await folded
  expect(steps).toEqual(['prepare', 'read', 'seal', 'read', 'save'])
})

test('an own operation that the replica contains by the time its line is followed waits for nothing', async () => {
  const op = { id: 'c0', t: 1, target: 'agent:a' as const, kind: 'set' as const, edits: [], base: 0, baseEpoch: '', by: 'x', root: 'r' }
  const lines = [{ op, rev: 1, epoch: 'r1' }, { op: { ...op, id: 'c1' }, rev: 2, epoch: 'r1' }]
  const tail = { generation: 0, ino: 1, end: 0 }
  const root = {
    load: () => Promise.resolve({ state: { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1' } }, saved: null, lines: [], tail, damage: null }),
    more: () => Promise.resolve({ lines: lines.splice(0, 1), tail }),
    id: () => Promise.resolve('r'),
    history: { follow: () => () => Promise.resolve([]), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const copy = new RootCopy(clock)
  const keeping = new JournalKeeping({ root, clock } as unknown as Ports, copy, 'life')
  await keeping.refresh()
  copy.follow(changesUpTo(1))
  const { version } = copy.open
  await keeping.refresh()
  expect(copy.open.version).toBe(version)
  await keeping.refresh()
  expect(copy.open.has('c1')).toBe(true) // its change has not come yet
})

test.each([
  ['another root has used, waits still: it was acknowledged', ['ours'], 1],
  ['another write of this root has used before it is none: whoever wrote it was told so', ['theirs', 'ours'], 0],
])('a write under a key that %s', async (_, digests, open) => {
  const op = { id: 'key', t: 1, target: 'agent:a', kind: 'set' as const, edits: [], base: 0, baseEpoch: '', by: 'x', root: 'r' }
  const seen = new SeenIds([['key', { rev: 1, digest: 'theirs' }]])
  const root = {
    load: () => Promise.resolve({
      ...{ state: { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1', rev: 1, seen } }, saved: null, damage: null },
      ...{ lines: digests.map((digest) => ({ op: { ...op, digest } })), tail: { generation: 0, ino: 1, end: 0 } },
    }),
    id: () => Promise.resolve('r'),
    history: { follow: () => () => Promise.resolve([]), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const copy = new RootCopy(clock)
  await new JournalKeeping({ root, clock } as unknown as Ports, copy, 'a round').refresh()
  expect(copy.open.toReplay(copy.replica).map((entry) => entry.op.digest)).toEqual(digests.slice(0, open))
})

test('lines of what the replica contains are known by their revisions: nobody asks for their ids, of which a root has many', async () => {
  const op = { t: 1, target: 'agent:a', kind: 'set' as const, edits: [], base: 0, baseEpoch: '', by: 'x', root: 'r' }
  const asked: string[] = []
  const seen = new (class extends SeenIds {
    override get(id: string): Seen | undefined {
      asked.push(id)
      return super.get(id)
    }
  })()
  const lines = [
    { op: { ...op, id: 'here' }, rev: 7, epoch: 'r2' },
    { op: { ...op, id: 'before' }, rev: 3, epoch: 'r1' },
    { op: { ...op, id: 'newer' }, rev: 8, epoch: 'r2' },
    { op: { ...op, id: 'lost' }, rev: 4, epoch: 'r1' },
    { op: { ...op, id: 'waits' } },
    { op: { ...op, id: 'nothing' } },
    { op: { ...op, id: 'nothing' }, rev: 0, epoch: 'r2' },
  ]
  const replica = { ...emptyState().replica, epoch: 'r2', rev: 7, contains: new Map([['r1', 3]]), seen }
  const root = {
    load: () => Promise.resolve({ state: { ...emptyState(), replica }, saved: null, damage: null, lines, tail: { generation: 0, ino: 1, end: 0 } }),
    id: () => Promise.resolve('r'),
    history: { follow: () => () => Promise.resolve([]), add: () => Promise.resolve() },
  }
  const clock = { now: () => 1_000 }
  const copy = new RootCopy(clock)
  await new JournalKeeping({ root, clock } as unknown as Ports, copy, 'a round').refresh()
  expect(copy.open.all().map((entry) => entry.op.id)).toEqual(['newer', 'lost', 'waits'])
  expect(new Set(asked)).toEqual(new Set(['newer', 'lost', 'waits', 'nothing']))
})

test('what the history does not take stays in the journal, with the ids of what is in it; the state is saved all the same', async () => {
  const lines = changesUpTo(3_000).map((change) => ({ change }))
  const seen = new SeenIds(Array.from({ length: 30_000 }, (_, n) => [`old${n}`, { rev: 1 }] as const))
  const replica = { ...emptyState().replica, epoch: 'r1', seen }
  const steps: string[] = []
  let isOpen = false
  const kept: Change[] = []
  const root = {
    load: () => Promise.resolve({ state: { ...emptyState(), replica }, saved: null, damage: null, lines, tail: { generation: 0, ino: 1, end: 0 } }),
    more: (tail: unknown) => Promise.resolve({ lines: [], tail }),
    save: (state: { replica: { seen: SeenIds } }) => (steps.push(`save ${state.replica.seen.size}`), Promise.resolve(null)),
    seal: () => (steps.push('seal'), Promise.resolve()),
    dropSegments: () => (steps.push('drop'), Promise.resolve()),
    sweep: () => Promise.resolve(),
    id: () => Promise.resolve('r'),
    history: {
      follow: () => () => Promise.resolve([]),
      after: () => Promise.resolve(kept),
      add: (changes: readonly Change[]) => (isOpen ? Promise.resolve(void kept.push(...changes)) : Promise.reject(new Error('EACCES'))),
    },
  }
  const clock = { now: () => 1_000 }
  const keeping = new JournalKeeping({ root, clock, tell: () => undefined } as unknown as Ports, new RootCopy(clock), 'a round')
  await keeping.refresh()
  await keeping.mend()
  expect(await keeping.fold()).toBe(false)
  expect(await keeping.fold(true)).toBe(false)
  expect(steps).toEqual(['save 33000'])
  isOpen = true
  await keeping.mend()
  expect(await keeping.fold()).toBe(true)
  expect(kept).toEqual(changesUpTo(3_000))
  expect(steps).toEqual(['save 33000', 'seal', 'save 20000', 'drop'])
})
