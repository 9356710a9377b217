/** A legacy program replaces a whole context, and with it goes what others have written: their stamps stay, and look like those of deletions. */
import { describe, expect, test } from 'vitest'
import { join } from '../../../src/core/join.js'
import { fieldsWritten, tokensOf } from '../../../src/core/submit.js'
import type { Ports } from '../../../src/core/ports.js'
import { emptyEntry, type Entry } from '../../../src/domain/entry.js'
import { formatLine, parseTreeMap } from '../../../src/domain/json.js'
import { agentTarget, type Change, type ChangedLeaf, type Stamp } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import { valueAt } from '../../../src/domain/tree.js'
import type { Store } from '../../../src/store/contract.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const MARY = agentTarget('mary')
const PATH = '/context/task'

async function write(store: Store, leaf: ChangedLeaf, t: number, target = MARY): Promise<void> {
  const stored = await store.read(target)
  const draft = { id: `w${t}`, t, target, kind: 'set' as const, by: 'x', leaves: [leaf] }
  const expected = { roster: stored.roster, fields: tokensOf(stored, fieldsWritten(draft)) }
  const verdict = await store.commit({ epoch: 'rnow', floor: 0, draft, before: stored.entry, expect: expected })
  expect(verdict.is).toBe('committed')
}

/** A lineage in which a leaf was written, with this stamp where it is an older one, and taken away. */
async function takenAway(stamp?: Stamp) {
  const server = new MemoryServer({ now: () => 1_000 })
  const store = new MemoryStore(server)
  await store.beginEpoch(await store.hello(), { epoch: 'rnow', atLeast: 10 })
  await write(store, { path: PATH, value: '"T1"', ...(stamp !== undefined && { stamp }) }, stamp?.t ?? 500)
  server.legacySet('mary', 'context', '{"other":"legacy"}')
  return { server, store, join: async (replica: Replica) => join(store, replica, await store.hello(), ports, () => Promise.resolve(false)) }
}

const ports = { randomId: () => 'f'.repeat(32) } as Ports

const valueIn = (entry: Entry | undefined): unknown => entry && valueAt(entry.tree, PATH)

test('a root that has never seen the leaf learns it from the change that wrote it', async () => {
  const there = await takenAway()
  const joined = await there.join({ ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 })
  expect(valueIn(joined?.entries.get(MARY))).toBe('"T1"')
})

test('a leaf that was deleted stays away', async () => {
  const there = await takenAway()
  await write(there.store, { path: PATH, value: null }, 600)
  const joined = await there.join({ ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 })
  expect(joined?.entries.get(MARY)?.stamps.has(PATH)).toBe(true)
  expect(valueIn(joined?.entries.get(MARY))).toBeUndefined()
})

test('a root that has written the leaf in a lineage of which it does not know the end brings it back', async () => {
  const stamp = { t: 500, rev: 9, epoch: 'rbefore' } // sent again, it has kept the stamp of the lineage that was lost
  const there = await takenAway(stamp)
  const entry = { ...emptyEntry(), tree: parseTreeMap('{"context":{"task":"T1"}}'), stamps: new Map([[PATH, stamp]]), live: true, rev: 12, born: 12 }
  const joined = await there.join({ ...emptyReplica(), epoch: 'rother', rev: 12, high: 12, contains: new Map([['rbefore', 8]]), entries: new Map([[MARY, entry]]) })
  expect(valueIn(joined?.entries.get(MARY))).toBe('"T1"')
  expect(valueIn((await there.store.read(MARY)).entry)).toBe('"T1"')
})

test('an object that came with what a legacy program wrote is not known without it', async () => {
  const empty = { ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 }
  const there = await takenAway()
  await write(there.store, { path: PATH, value: null }, 600)
  await write(there.store, { path: '/status', value: '"S1"' }, 601)
  const joined = await there.join(empty)
  // The object in which a change has written is there also when nothing is left of that.
  expect(formatLine(joined!.entries.get(MARY)!.tree)).toBe('{"context":{},"status":"S1"}')

  there.server.legacySet('rnd', 'context', '{"far":{"other":"legacy"}}')
  await write(there.store, { path: '/status', value: '"S2"' }, 700, agentTarget('rnd'))
  const again = await there.join(empty)
  expect(formatLine(again!.entries.get(agentTarget('rnd'))!.tree)).toBe('{"status":"S2"}')
})

describe('additions, which have no stamps', () => {
  const SUM = '/context/totals/n'
  const add = (value: string, n: number): ChangedLeaf => ({ path: SUM, value, counts: [{ root: 'a', n, sum: value }] })
  const empty = { ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 }
  const sumIn = (replica: Replica | null): unknown => valueAt(replica!.entries.get(MARY)!.tree, SUM)

  test('come back as the last of them left the sum', async () => {
    const there = await takenAway()
    await write(there.store, add('1', 1), 600)
    await write(there.store, add('2', 2), 601)
    there.server.legacySet('mary', 'context', '{"other":"legacy"}')
    expect(sumIn(await there.join(empty))).toBe('2')
  })

  test.each(['', '/context', SUM])('stay away where they were deleted: "%s"', async (path) => {
    const there = await takenAway()
    await write(there.store, add('1', 1), 600)
    await write(there.store, { path, value: null }, 601)
    if (path === '') await write(there.store, { path: '/status', value: '"S1"' }, 602)
    there.server.legacySet('mary', 'context', '{"other":"legacy"}')
    expect(sumIn(await there.join(empty))).toBeUndefined()
  })

  test.each(['"x"', '[1]'])('stay away where %s was put in the place of what held them, and an object again', async (value) => {
    const there = await takenAway()
    await write(there.store, add('1', 1), 600)
    await write(there.store, { path: '/context/totals', value }, 601)
    await write(there.store, { path: '/context/totals/other', value: '1' }, 602)
    expect(sumIn(await there.join(empty))).toBeUndefined()
  })

  test.each(['1', '{}'])('stay away where they gave way to an object, and a program has taken that away: %s', async (value) => {
    const there = await takenAway()
    await write(there.store, add('1', 1), 600)
    await write(there.store, { path: `${SUM}/below`, value }, 601)
    await write(there.store, { path: `${SUM}/below`, value: null }, 602)
    there.server.legacySet('mary', 'context', '{"other":"legacy"}')
    expect(sumIn(await there.join(empty))).toBeUndefined()
  })

  test('stay away where they are deleted while it is joined', async () => {
    const there = await takenAway()
    await write(there.store, add('1', 1), 600)
    const seenIds = there.store.seenIds.bind(there.store)
    there.store.seenIds = async (rev) => {
      await write(there.store, { path: SUM, value: null }, 601)
      return seenIds(rev)
    }
    expect(sumIn(await there.join(empty))).toBeUndefined()
  })
})

test('what a change wrote after the record was read is still to come with it', async () => {
  const there = await takenAway()
  const read = there.store.read.bind(there.store)
  there.store.read = async (target) => {
    there.store.read = read
    const stored = await read(target)
    await write(there.store, { path: '/n', value: '1', counts: [{ root: 'a', n: 1, sum: '1' }] }, 600)
    return stored
  }
  const joined = await there.join({ ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 })
  expect(valueAt(joined!.entries.get(MARY)!.tree, '/n')).toBeUndefined()
})

describe('entries of a list, which have no stamps', () => {
  const LIST = '/context/records'
  const empty = { ...emptyReplica(), epoch: 'rbefore', rev: 3, high: 3 }
  const entryOf = (id: string, n = 1, keep = 20) => ({ path: LIST, value: `{"id":"${id}","n":${n},"timestamp":"2026-01-01T00:00:0${id}Z"}`, keep })
  const listIn = (replica: Replica | null): unknown => valueAt(replica!.entries.get(MARY)!.tree, LIST)
  const listOf = (...entries: { value: string }[]): string => `[${entries.map(({ value }) => value).join(',')}]`

  /** Writes these, one after another; then a program replaces the context. */
  async function joinedAfter(drafts: Partial<Change>[], context: string): Promise<Replica | null> {
    const there = await takenAway()
    for (const [n, draft] of drafts.entries()) {
      const stored = await there.store.read(MARY)
      const whole = { id: `l${n}`, t: 600 + n, target: MARY, kind: 'set' as const, by: 'x', leaves: [], ...draft }
      const verdict = await there.store.commit({ epoch: 'rnow', floor: 0, draft: whole, before: stored.entry, expect: { roster: stored.roster, fields: tokensOf(stored, fieldsWritten(whole)) } })
      expect(verdict.is).toBe('committed')
    }
    there.server.legacySet('mary', 'context', context)
    return there.join(empty)
  }

  test('come back, as they were written last and no more than are kept, beside those that stand there', async () => {
    const drafts = [{ inserts: [entryOf('1')] }, { inserts: [entryOf('2')] }, { inserts: [entryOf('2', 2, 2)] }, { inserts: [entryOf('3', 1, 2)] }]
    expect(listIn(await joinedAfter(drafts, '{"other":"legacy"}'))).toBe(listOf(entryOf('2', 2), entryOf('3')))
    expect(listIn(await joinedAfter(drafts, `{"records":${listOf(entryOf('2', 9), entryOf('4'))}}`))).toBe(listOf(entryOf('3'), entryOf('4')))
  })

  test.each<[string, string | null]>([
    ['', null],
    ['/context', null],
    [LIST, null],
    [LIST, '[]'],
  ])('stay away where "%s" became %s after them', async (path, value) => {
    const joined = await joinedAfter([{ inserts: [entryOf('1')] }, { leaves: [{ path, value }] }, { inserts: [entryOf('2')] }], '{"other":"legacy"}')
    expect(listIn(joined)).toBe(listOf(entryOf('2')))
  })

  test('do not come in the place of something else', async () => {
    expect(listIn(await joinedAfter([{ inserts: [entryOf('1')] }], '{"records":"a text"}'))).toBe('"a text"')
  })
})
