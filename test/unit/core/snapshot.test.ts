import { expect, test } from 'vitest'
import { rebuildEvicted } from '../../../src/core/snapshot.js'
import type { ChangedLeaf, Kind } from '../../../src/domain/operation.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const TARGET = 'agent:mary'

test('a record that is rebuilt from the stream has the time at which one of its name was deleted before it', async () => {
  const server = new MemoryServer({ now: () => 1_000_000 })
  const store = new MemoryStore(server)
  await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 10 })
  const commit = async (t: number, kind: Kind, leaf: ChangedLeaf): Promise<void> => {
    const draft = { id: `id${t}`, t, target: TARGET, kind, by: 'x', leaves: [leaf] }
    const verdict = await store.commit({ epoch: 'r1', floor: 0, draft, before: undefined, expect: {} })
    expect(verdict.is).toBe('committed')
  }
  await commit(1_000, 'set', { path: '/status', value: '"first"' })
  await commit(2_000, 'delete', { path: '', value: null })
  await commit(3_000, 'set', { path: '/task', value: '"T1"' })
  const { roster, entry: whole } = await store.read(TARGET)
  server.evict(TARGET)
  const rebuilt = await rebuildEvicted(store, TARGET, roster!, undefined)
  expect(rebuilt).toEqual(whole)
  expect(rebuilt!.stamps.get('')).toMatchObject({ t: 2_000 })
})
