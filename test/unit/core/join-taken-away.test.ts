/** A legacy program replaces a whole context, and with it goes what others have written: their stamps stay, and look like those of deletions. */
import { expect, test } from 'vitest'
import { join } from '../../../src/core/join.js'
import { fieldsWritten, tokensOf } from '../../../src/core/submit.js'
import type { Ports } from '../../../src/core/ports.js'
import { emptyEntry, type Entry } from '../../../src/domain/entry.js'
import { parseTreeMap } from '../../../src/domain/json.js'
import { agentTarget, type ChangedLeaf, type Stamp } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import { valueAt } from '../../../src/domain/tree.js'
import type { Store } from '../../../src/store/contract.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const MARY = agentTarget('mary')
const PATH = '/context/task'

async function write(store: Store, leaf: ChangedLeaf, t: number): Promise<void> {
  const stored = await store.read(MARY)
  const draft = { id: `w${t}`, t, target: MARY, kind: 'set' as const, by: 'x', leaves: [leaf] }
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
  return { store, join: async (replica: Replica) => join(store, replica, await store.hello(), ports, () => Promise.resolve(false)) }
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
