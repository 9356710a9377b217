import { expect, test } from 'vitest'
import { JournalKeeping, type KeptFor } from '../../../src/core/journal-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import type { Change } from '../../../src/domain/operation.js'
import { emptyState } from '../../../src/store/file/state-format.js'

const changesUpTo = (count: number): Change[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ id: `c${n}`, t: n, target: 'agent:a', kind: 'set' as const, by: 'x', epoch: 'r1', rev: n + 1, prev: n },
    leaves: [{ path: '/n', value: String(n) }],
  }))

/** How often the state is saved by who comes to a root of whose history so many changes are not in it. */
async function savesAfter(changes: number, keptFor: KeptFor): Promise<number> {
  let saves = 0
  const state = { ...emptyState(), replica: { ...emptyState().replica, epoch: 'r1' } }
  const root = {
    load: () => Promise.resolve({ state, saved: null, lines: [], tail: { generation: 0, ino: null, end: 0 }, damage: null }),
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

test.each<[number, KeptFor, number]>([
  [99, 'a round', 0],
  [100, 'a round', 1],
  [499, 'life', 0],
  [500, 'life', 1],
])('with %i changes to catch up with, who keeps the root for %s saves the state %i times', async (changes, keptFor, saves) => {
  expect(await savesAfter(changes, keptFor)).toBe(saves)
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
