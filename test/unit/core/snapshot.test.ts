import { expect, test } from 'vitest'
import { readAll, rebuildEvicted } from '../../../src/core/snapshot.js'
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

test('of many records some are read at a time, and each once', async () => {
  const server = new MemoryServer({ now: () => 1_000_000 })
  const all = Array.from({ length: 1_200 }, (_, n) => `agent:a${n}`)
  for (const target of all) server.legacySet(target.slice('agent:'.length), 'status', 'active')
  const store = new MemoryStore(server)
  const asked: string[] = []
  let [waiting, most] = [0, 0]
  const read = store.read.bind(store)
  store.read = async (target) => {
    asked.push(target)
    most = Math.max(most, ++waiting)
    const stored = await read(target)
    waiting--
    return stored
  }
  const { stored } = await readAll(store, await store.hello())
  expect([...stored.keys()].filter((target) => target.startsWith('agent:')).sort()).toEqual(all.sort())
  expect(new Set(asked).size).toBe(asked.length)
  expect(most).toBeLessThanOrEqual(500)
})
