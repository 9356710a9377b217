import { expect, test } from 'vitest'
import { firstContext } from '../../../src/core/first-context.js'
import { join } from '../../../src/core/join.js'
import { composeDocument } from '../../../src/domain/document.js'
import { type Count, emptyEntry, type Entry } from '../../../src/domain/entry.js'
import { formatLine, parseTreeMap, type TreeMap } from '../../../src/domain/json.js'
import { agentTarget, CONTEXT, isFirstContext } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import type { Ports } from '../../../src/core/ports.js'
import { leavesOf } from '../../../src/domain/tree.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const CLAUDE = agentTarget('claude')
const STAMP = { t: 7, rev: 5, epoch: 'rbefore' }

/** A root that had taken a legacy program's record over before Redis was set back. */
function rootWith(fields: Record<string, string>): Replica {
  const names = Object.keys(fields)
  const tree = new Map(names.map((name) => [name, JSON.stringify(fields[name])]))
  const entry = { ...emptyEntry(), tree, stamps: new Map(names.map((name) => [`/${name}`, STAMP])), live: true, born: 5 }
  return { ...emptyReplica(), epoch: STAMP.epoch, rev: 5, high: 5, entries: new Map([[CLAUDE, entry]]) }
}

test('a field of a legacy program that came back with an older Redis gets its stamp again, one that differs waits to be taken in', async () => {
  const server = new MemoryServer({ now: () => 1_000 })
  const store = new MemoryStore(server)
  server.legacySet('claude', 'same', 'as before')
  server.legacySet('claude', 'other', 'newer')
  const lineage = await store.beginEpoch(await store.hello(), { epoch: 'rafter', atLeast: 10 })
  const ports = { randomId: () => 'f'.repeat(32) } as Ports
  const joined = await join(store, rootWith({ same: 'as before', other: 'older', gone: 'with it' }), lineage, ports, () => Promise.resolve(false))
  const entry = joined?.entries.get(CLAUDE)
  expect([...(entry?.tree ?? [])]).toEqual([['same', '"as before"'], ['gone', '"with it"']])
  expect(entry?.stamps.get('/same')).toEqual(STAMP)
  const stored = await store.read(CLAUDE)
  expect(stored.entry?.stamps.get('/same')).toEqual(STAMP)
  expect(stored.entry?.tree.get('other')).toBe('"newer"')
})

/** What Redis has, and what this root brings, after a legacy program was there first. */
async function joinedWith(legacy: Record<string, string>, replica: Replica): Promise<{ server: MemoryServer; store: MemoryStore; joined: Replica | null }> {
  const server = new MemoryServer({ now: () => 1_000 })
  const store = new MemoryStore(server)
  for (const [field, text] of Object.entries(legacy)) server.legacySet('claude', field, text)
  const lineage = await store.beginEpoch(await store.hello(), { epoch: 'rafter', atLeast: 10 })
  let made = 0
  const ports = { randomId: () => String(++made).padStart(32, '0') } as Ports
  return { server, store, joined: await join(store, replica, lineage, ports, () => Promise.resolve(false)) }
}

function rootKnowing(context: string, t = STAMP.t): Replica {
  const tree = parseTreeMap(`{"context":${context}}`)
  const stamps = new Map(leavesOf(tree).map(({ path }) => [path, { ...STAMP, t }]))
  const entry = { ...emptyEntry(), tree, stamps, live: true, rev: 5, born: 5 }
  return { ...emptyReplica(), epoch: STAMP.epoch, rev: 5, high: 5, entries: new Map([[CLAUDE, entry]]) }
}

test('a context that a legacy program wrote into an emptied Redis gets what it lacks, and what it has instead is kept as a conflict', async () => {
  const { store, joined } = await joinedWith({ context: '{"both":2,"theirs":1}' }, rootKnowing('{"both":1,"ours":{"a":1}}'))
  expect(formatLine((await store.read(CLAUDE)).entry!.tree)).toBe('{"context":{"both":2,"theirs":1,"ours":{"a":1}}}')
  expect((await store.changesAfter(10, 9)).changes.flatMap(({ lost = [] }) => lost)).toEqual([{ path: '/context/both', lost: '1', kept: '2' }])
  expect(formatLine(joined!.entries.get(CLAUDE)!.tree)).toBe('{"context":{"ours":{"a":1}}}') // theirs is to become a change
})

test('a record that came back older than the first write here, and says so, does not beat it', async () => {
  const old = { context: '{"task":"old","k":1}', last_update: '2025-11-12T08:26:25.120+07:00' }
  const { store } = await joinedWith(old, rootKnowing('{"task":"new"}', Date.parse('2026-01-01T00:00:00Z')))
  expect(formatLine((await store.read(CLAUDE)).entry!.tree.get('context')!)).toBe('{"task":"new","k":1}')
})

test('a record that a legacy program made anew is not deleted by a deletion from before', async () => {
  const replica = rootKnowing('{}')
  replica.entries.set(CLAUDE, { ...emptyEntry(), stamps: new Map([['', STAMP]]) })
  const { store } = await joinedWith({ status: 'active' }, replica)
  expect((await store.read(CLAUDE)).entry?.tree.get('status')).toBe('"active"')
})

test('a sum of which the roster was lost is brought what it lacks, and nothing that is in it', async () => {
  const counts = (...byRoot: [string, number][]): Map<string, Map<string, Count>> =>
    new Map([['/context/n', new Map(byRoot.map(([root, n]) => [root, { n, sum: String(n) }]))]])
  const knowing = (n: string, ...byRoot: [string, number][]): Replica => {
    const replica = rootKnowing(`{"n":${n}}`)
    Object.assign(replica.entries.get(CLAUDE)!, { stamps: new Map(), counts: counts(...byRoot) })
    return replica
  }
  const { server, store } = await joinedWith({}, knowing('5', ['one', 2], ['two', 3]))
  server.data.sync = null // evicted, and the record is not
  const ports = { randomId: () => 'e'.repeat(32) } as Ports
  const lineage = await store.beginEpoch(await store.hello(), { epoch: 'rlast', atLeast: 100 })
  const joined = await join(store, knowing('5', ['one', 3], ['two', 2]), lineage, ports, () => Promise.resolve(false))
  expect(formatLine((await store.read(CLAUDE)).entry!.tree)).toBe('{"context":{"n":6}}')
  expect(joined?.entries.get(CLAUDE)?.counts).toEqual(counts(['one', 3], ['two', 3]))
})

test('roots that have joined agree on when the context was changed last', async () => {
  const replica = rootKnowing('{"x":1}', 900)
  const adopted = { ...rootKnowing('{"old":1}', 950).entries.get(CLAUDE)!, rev: 0 }
  replica.entries.set(agentTarget('gg'), adopted)
  const { store, joined } = await joinedWith({}, replica)
  const other = await join(store, { ...emptyReplica(), epoch: 'rother', rev: 3, high: 3, t: 100 }, await store.hello(), {} as Ports, () => Promise.resolve(false))
  expect([joined?.t, other?.t]).toEqual([900, 900])
})

test('what a legacy program took away before this root had heard of it comes back from the changes that Redis still has', async () => {
  const server = new MemoryServer({ now: () => 1_000 })
  const store = new MemoryStore(server)
  await store.beginEpoch(await store.hello(), { epoch: STAMP.epoch, atLeast: 5 })
  const leaves = [{ path: '/context/unheard', value: '1' }, { path: '/context/n', value: '2', counts: [{ root: 'one', n: 1, sum: '2' }] }]
  const inserts = [{ path: '/context/records', value: '{"id":"a"}', keep: 20 }]
  const draft = { id: 'a'.repeat(32), t: 900, target: CLAUDE, kind: 'set' as const, by: 'test', leaves, inserts }
  await store.commit({ epoch: STAMP.epoch, floor: 5, draft, before: undefined, expect: { roster: null, fields: new Map([['context', null]]) } })
  server.legacySet('claude', 'context', '{"theirs":1}')
  server.restart({ keep: 'all' })
  const again = new MemoryStore(server)
  const lineage = await again.beginEpoch(await again.hello(), { epoch: 'rafter', atLeast: 10 })
  let made = 0
  const ports = { randomId: () => String(++made).padStart(32, '0') } as Ports
  const replica = { ...emptyReplica(), epoch: STAMP.epoch, rev: 5, high: 5 }
  const joined = await join(again, replica, lineage, ports, () => Promise.resolve(false))
  const context = formatLine((await again.read(CLAUDE)).entry!.tree.get('context')!)
  expect(JSON.parse(context)).toEqual({ theirs: 1, unheard: 1, n: 2, records: [{ id: 'a' }] })
  expect(joined?.entries.get(CLAUDE)?.counts.get('/context/n')?.get('one')).toEqual({ n: 1, sum: '2' })
})

test('an object that was written as empty does not lose against what stands in it', async () => {
  const replica = rootKnowing('{"a":1}')
  replica.entries.get(CLAUDE)!.stamps.set('/context', STAMP)
  const { store } = await joinedWith({ context: '{"a":1,"b":2}' }, replica)
  expect((await store.changesAfter(10, 9)).changes.flatMap(({ lost = [] }) => lost)).toEqual([])
  expect((await store.read(CLAUDE)).entry?.stamps.get('/context')).toEqual(STAMP)
})

test('the first members of two contexts that meet are nobody\'s news, and what lost is as old as it was', async () => {
  const first = (home: string): Replica => {
    const stamps = new Map(firstContext(home, home, '').edits.map(({ path }) => [path, { t: 0, rev: 1, epoch: home }]))
    const tree = parseTreeMap(`{"version":"1.0","current_work":{},"paths":{"sot":"${home}","working":"${home}/g","bridge":"${home}/b"},"token_usage":{"total":0,"saved":0}}`)
    const gone = { ...emptyEntry(), stamps: new Map([['', { t: home === 'one' ? 5 : 6, rev: 2, epoch: home }]]), rev: 2, born: 2 }
    const mary = { ...rootKnowing(`{"n":"${home}"}`, home === 'one' ? 7 : 8).entries.get(CLAUDE)!, rev: 3 }
    for (const stamp of mary.stamps.values()) Object.assign(stamp, { rev: 3, epoch: home })
    const entries = new Map([[CONTEXT, { ...emptyEntry(), tree, stamps, live: true, born: 1 }], ['agent:gone', gone], [CLAUDE, mary]])
    return { ...emptyReplica(), epoch: home, rev: 3, high: 3, entries }
  }
  for (const [before, after] of [['one', 'two'], ['two', 'one']] as const) {
    const { store } = await joinedWith({}, first(before))
    const { rev } = await store.hello()
    let made = 0
    const ports = { randomId: () => `later-${made++}` } as Ports
    await join(store, first(after), await store.hello(), ports, () => Promise.resolve(false))
    const told = (await store.changesAfter(rev, 9)).changes.filter((change) => !isFirstContext(change))
    expect(told.map(({ target, t }) => [target, t])).toEqual(after === 'two' ? [['agent:gone', 6], [CLAUDE, 8]] : [[CLAUDE, 7]])
  }
})

test('what was added to a first member is told when two contexts meet, and nothing is told to be lost', async () => {
  const begun = (home: string, total: string): Replica => {
    const stamps = new Map(firstContext(home, home, '').edits.map(({ path }) => [path, { t: 0, rev: 1, epoch: home }]))
    const tree = parseTreeMap(`{"version":"1.0","current_work":{},"paths":{"sot":"s","working":"w","bridge":"b"},"token_usage":{"total":${total},"saved":0}}`)
    const counts = new Map(total === '0' ? [] : [['/token_usage/total', new Map([[home, { n: 1, sum: total }]])]])
    return { ...emptyReplica(), epoch: home, rev: 3, high: 3, entries: new Map([[CONTEXT, { ...emptyEntry(), tree, stamps, counts, live: true, born: 1 }]]) }
  }
  for (const [before, after] of [['one', 'two'], ['two', 'one']] as const) {
    const { store } = await joinedWith({}, begun(before, '0'))
    const { rev } = await store.hello()
    let made = 0
    const ports = { randomId: () => `later-${made++}` } as Ports
    await join(store, begun(after, '500'), await store.hello(), ports, () => Promise.resolve(false))
    const told = (await store.changesAfter(rev, 9)).changes.filter((change) => !isFirstContext(change))
    expect(told.map(({ leaves, lost }) => [leaves.filter(({ counts }) => counts !== undefined).map(({ path, value }) => [path, value]), lost])).toEqual([
      [[['/token_usage/total', '500']], undefined],
    ])
  }
})

test('a record that Redis has lost comes back with its members in their order, whichever was written last, or added to', async () => {
  const context = '{"config":{"first":10,"second":2,"third":3},"n":5,"note":"x"}'
  const replica = rootKnowing(context)
  const entry = replica.entries.get(CLAUDE)!
  const { stamps } = entry
  for (const path of ['/context/config', '/context/config/first']) {
    stamps.delete(path)
    stamps.set(path, { ...STAMP, t: 8 })
  }
  stamps.set('/context/config/gone', STAMP)
  stamps.delete('/context/n')
  entry.counts = new Map([['/context/n', new Map([['one', { n: 1, sum: '5' }]])]])
  const { store, joined } = await joinedWith({}, replica)
  expect(formatLine((await store.read(CLAUDE)).entry!.tree)).toBe(`{"context":${context}}`)
  expect(formatLine(joined!.entries.get(CLAUDE)!.tree)).toBe(`{"context":${context}}`)
  expect((await store.read(CLAUDE)).entry?.stamps.get('/context/config/gone')).toEqual(STAMP)
})

test('records that Redis has lost come back in the order in which they came to be', async () => {
  const replica = rootKnowing('{"x":1}')
  const named = (name: string, born: number): void => void replica.entries.set(agentTarget(name), { ...replica.entries.get(CLAUDE)!, born })
  named('last', 7)
  named('first', 3) // it was known after the others, as when Redis was asked for all of them
  const { joined } = await joinedWith({}, replica)
  const shown = composeDocument(joined!.entries, { rev: 1, lastUpdate: undefined, order: [] }).get('agents') as TreeMap
  expect([...shown.keys()]).toEqual(['first', 'claude', 'last'])
})

test('records come to be in their order, also where a store has told of them in another one', async () => {
  const replica = rootKnowing('{}')
  const born = (rev: number): Entry => ({ ...replica.entries.get(CLAUDE)!, born: rev })
  replica.entries = new Map([['task:2', born(9)], [CLAUDE, born(7)], ['task:1', born(8)]])
  const { joined } = await joinedWith({}, replica)
  const bornThen = ['task:1', 'task:2', CLAUDE].map((target) => joined!.entries.get(target)!.born)
  expect(bornThen).toEqual([12, 13, 11])
})

test('what was written into a value that another root knows to be deleted stays', async () => {
  const removed = rootKnowing('{}')
  Object.assign(removed.entries.get(CLAUDE)!, { stamps: new Map([['', { ...STAMP, rev: 4, t: 8 }]]) })
  const written = rootKnowing('{"box":{"in":1}}', 9)
  written.entries.get(CLAUDE)!.stamps = new Map([['/context/box', { ...STAMP, rev: 3 }], ['/context/box/in', { t: 9, rev: 6, epoch: 'rother' }]])
  Object.assign(written, { epoch: 'rother', rev: 6, contains: new Map([[STAMP.epoch, 3]]) })
  const { server, store } = await joinedWith({}, written)
  const lineage = await store.hello()
  let made = 99
  const ports = { randomId: () => String(++made).padStart(32, '0') } as Ports
  await join(new MemoryStore(server), removed, lineage, ports, () => Promise.resolve(false))
  expect(formatLine((await store.read(CLAUDE)).entry!.tree)).toBe('{"context":{"box":{"in":1}}}')
})
