import { expect, test } from 'vitest'
import { join } from '../../../src/core/join.js'
import { emptyEntry } from '../../../src/domain/entry.js'
import { agentTarget } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import type { Ports } from '../../../src/core/ports.js'
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
