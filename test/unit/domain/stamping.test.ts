import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyChange, emptyEntry } from '../../../src/domain/entry.js'
import { mergeEntry } from '../../../src/domain/merge.js'
import type { Change, ChangedLeaf, Stamp } from '../../../src/domain/operation.js'
import { PathIndex } from '../../../src/domain/path-index.js'
import { isWithin, overlaps } from '../../../src/domain/pointer.js'
import { stampChanges } from '../../../src/store/redis/stamps.js'

const segment = fc.constantFrom('a', 'b', 'a~1', '', 'ab')
const pointer = fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((name) => `/${name}`).join(''))
const leaf: fc.Arbitrary<ChangedLeaf> = fc.record({ path: pointer.filter((path) => path !== ''), value: fc.constantFrom('1', '{}', null) })

const change = (rev: number, leaves: ChangedLeaf[]): Change => ({
  ...{ rev, prev: rev - 1, epoch: 'e', id: `id${rev}`, t: rev, target: 'agent:mary', kind: 'set', by: 'x' },
  leaves,
})

/** As it is said: leaf by leaf, in order, each taking the stamps of what it replaces. */
function stampedOneByOne(known: Map<string, Stamp>, leaves: ChangedLeaf[], own: Stamp): Map<string, Stamp> {
  for (const { path, value } of leaves) {
    if (value !== '{}') for (const below of known.keys()) if (isWithin(below, path)) known.delete(below)
    known.set(path, own)
  }
  return known
}

describe('the stamps of a change', () => {
  test('are what leaf by leaf would give, for a record in memory', () => {
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 12 }), fc.array(leaf, { maxLength: 12 }), (first, second) => {
        const entry = emptyEntry()
        applyChange(entry, change(1, first))
        applyChange(entry, change(2, second))
        const expected = stampedOneByOne(stampedOneByOne(new Map(), first, { t: 1, rev: 1, epoch: 'e' }), second, { t: 2, rev: 2, epoch: 'e' })
        expect(Object.fromEntries(entry.stamps)).toEqual(Object.fromEntries(expected))
      }),
    )
  })

  test('are the same for its hash in Redis', () => {
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 12 }), (leaves) => {
        const { stamped } = stampChanges(change(1, leaves))
        const expected = stampedOneByOne(new Map(), leaves, { t: 1, rev: 1, epoch: 'e' })
        expect([...stamped.keys()].sort()).toEqual([...expected.keys()].sort())
      }),
    )
  })

  test('do not take a record that is said to be there for one that was deleted', () => {
    const entry = emptyEntry()
    applyChange(entry, change(1, [{ path: '', value: '{}' }, { path: '/status', value: '"active"' }]))
    expect([...entry.stamps.keys()]).toEqual(['/status'])
    const nothing = { local: emptyEntry(), localContains: new Map<string, number>(), remoteContains: new Map([['e', 9]]) }
    const added = { ...emptyEntry(), live: true, counts: new Map([['/n', new Map([['r', { n: 1, sum: '1' }]])]]) }
    expect(mergeEntry({ ...nothing, local: added, remote: entry }).leaves).toHaveLength(1)
  })

  test('cost what the change is long, not its square', () => {
    const leaves = Array.from({ length: 100_000 }, (_, n): ChangedLeaf => ({ path: `/context/k${n}`, value: '1' }))
    const entry = emptyEntry()
    applyChange(entry, change(1, leaves))
    applyChange(entry, change(2, leaves))
    stampChanges(change(1, leaves))
    // Square, this is 20,000,000,000 steps: minutes. The limit of the test is the measure, and leaves a slow machine much room.
    expect(mergeEntry({ local: entry, localContains: new Map(), remote: entry, remoteContains: new Map() }).leaves).toEqual([])
    expect(entry.stamps.size).toBe(100_000)
  }, 20_000)
})

test('an index of pointers finds what overlaps one, as looking at each would', () => {
  fc.assert(
    fc.property(fc.array(pointer), pointer, (all, asked) => {
      const index = new PathIndex(new Set(all))
      // By the first question as by the hundredth, which another way answers.
      for (let n = 1; n < 100; n++) index.below(asked).next()
      const found = [...index.overlapping(asked)].sort()
      expect([...new PathIndex(new Set(all)).overlapping(asked)].sort()).toEqual(found)
      expect(found).toEqual([...new Set(all)].filter((path) => overlaps(path, asked)).sort())
    }),
  )
})
