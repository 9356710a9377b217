/** Redis came back empty, and two roots bring what they know of one number: in either order, the same comes out. */
import { expect, test } from 'vitest'
import { join } from '../../../src/core/join.js'
import type { Ports } from '../../../src/core/ports.js'
import { applyChange, emptyEntry } from '../../../src/domain/entry.js'
import { eventDataOf } from '../../../src/domain/event.js'
import { formatLine, parseTreeMap, type Tree } from '../../../src/domain/json.js'
import { agentTarget, type ChangedLeaf } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import { valueAt } from '../../../src/domain/tree.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const GC = agentTarget('gc')
const NUMBER = '/context/box/n'

/** The five that all know of, and what came then in its lineage. */
const rootWith = (then: string, ...leaves: ChangedLeaf[]): Replica => rootAfter([], then, leaves)

/** All know of what is `common`, too. */
function rootAfter(common: readonly ChangedLeaf[], then: string, leaves: readonly ChangedLeaf[]): Replica {
  const entry = emptyEntry()
  const all: ChangedLeaf[] = [
    { path: '/context/first', value: '1' },
    { path: NUMBER, value: '5', counts: [{ root: 'one', n: 1, sum: '5' }] },
    ...common,
    ...leaves,
  ]
  const shared = 2 + common.length
  for (const [at, leaf] of all.entries()) {
    const rev = at + 1
    applyChange(entry, { rev, prev: at, epoch: at < shared ? 'rbefore' : then, id: String(rev), t: rev, target: GC, kind: 'set', by: 'test', leaves: [leaf] })
  }
  return { ...emptyReplica(), epoch: then, rev: all.length, high: all.length, contains: new Map([['rbefore', shared]]), entries: new Map([[GC, entry]]) }
}

const addedBy = (root: string, value: string, sum: string, n = 1): ChangedLeaf => ({ path: NUMBER, value, counts: [{ root, n, sum }] })

async function bring(...roots: Replica[]): Promise<Record<'context' | 'told', { box?: unknown }>> {
  const store = new MemoryStore(new MemoryServer({ now: () => 1_000 }))
  let made = 0
  const ports = { randomId: () => String(++made).padStart(32, '0') } as Ports
  await store.beginEpoch(await store.hello(), { epoch: 'rafter', atLeast: 10 })
  for (const root of roots) await join(store, root, await store.hello(), ports, () => Promise.resolve(false))
  const before = formatLine((await store.read(GC)).entry!.tree)
  for (const root of roots) await join(store, root, await store.hello(), ports, () => Promise.resolve(false))
  expect(formatLine((await store.read(GC)).entry!.tree)).toBe(before)
  const told = parseTreeMap('{}')
  for (const change of (await store.changesAfter(0, 99)).changes) {
    const patch = eventDataOf(change)
    if (typeof patch === 'object') mergeInto(told, patch)
  }
  const context = (await store.read(GC)).entry!.tree.get('context')!
  const plain = (tree: Tree): { box?: unknown } => JSON.parse(formatLine(tree)) as { box?: unknown }
  return { context: plain(context), told: plain(valueAt(told, '/context')!) }
}

/** RFC 7386. */
function mergeInto(target: ReturnType<typeof parseTreeMap>, patch: ReturnType<typeof parseTreeMap>): void {
  for (const [key, value] of patch) {
    if (value === 'null') target.delete(key)
    else if (typeof value === 'string') target.set(key, value)
    else {
      const below = target.get(key)
      const map: typeof patch = typeof below === 'object' ? below : new Map()
      target.set(key, map)
      mergeInto(map, value)
    }
  }
}

const ENDS: [what: string, end: ChangedLeaf[], alone: unknown, withThreeMore: unknown][] = [
  ['deleted', [{ path: NUMBER, value: null }], {}, { n: 3 }],
  ['deleted with what it stood in', [{ path: '/context/box', value: null }], {}, { n: 3 }],
  ['replaced by a value above it', [{ path: '/context/box', value: '1' }], 1, 1],
  ['replaced by an object', [{ path: `${NUMBER}/x`, value: '1' }], { n: { x: 1 } }, { n: { x: 1 } }],
  ['replaced by a text', [{ path: NUMBER, value: '"text"' }], { n: 'text' }, { n: 'text' }],
  ['replaced by a number', [{ path: NUMBER, value: '1' }], { n: 1 }, { n: 4 }],
  ['deleted and added to again', [{ path: NUMBER, value: null }, addedBy('one', '2', '7', 2)], { n: 2 }, { n: 5 }],
  ['deleted from above and added to again', [{ path: '/context/box', value: null }, addedBy('one', '2', '7', 2)], { n: 2 }, { n: 5 }],
  ['deleted from above, and another put beside its place', [{ path: '/context/box', value: null }, { path: '/context/box/m', value: '2' }], { m: 2 }, { m: 2, n: 3 }],
]

test.each(ENDS)('a number that was %s stays so', async (_, end, alone, withThreeMore) => {
  const [knows, lags, added] = [rootWith('rends', ...end), rootWith('rbefore'), rootWith('radds', addedBy('two', '8', '3'))]
  for (const roots of [[knows], [knows, lags], [lags, knows]]) {
    const { context, told } = await bring(...roots)
    expect([context.box ?? {}, told.box ?? {}]).toEqual([alone, alone])
  }
  // What one has added whom the other had not heard of counts once, where there is a number that it can go to.
  for (const roots of [[knows, added], [added, knows], [lags, knows, added], [added, lags, knows]]) {
    const { context, told } = await bring(...roots)
    expect([context.box, told.box]).toEqual([withThreeMore, withThreeMore])
  }
})

test('a number that has taken the place of a value on the way to it stays, also where a root brings that value first', async () => {
  const closed: ChangedLeaf[] = [{ path: '/context/box', value: '1' }]
  const [knows, lags] = [rootAfter(closed, 'radds', [addedBy('one', '2', '7', 2)]), rootAfter(closed, 'rbefore', [])]
  for (const roots of [[knows, lags], [lags, knows]]) {
    const { context, told } = await bring(...roots)
    expect([context.box, told.box]).toEqual([{ n: 2 }, { n: 2 }])
  }
})
