import { expect, test } from 'vitest'
import { submit } from '../../../src/core/submit.js'
import { cloneEntry, type Entry } from '../../../src/domain/entry.js'
import type { Operation } from '../../../src/domain/operation.js'
import { valueAt } from '../../../src/domain/tree.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const NOW = 1_000_000
const OPTIONS = { epoch: 'r1', floor: 0, latest: NOW, waited: false }

async function place() {
  const inner = new MemoryStore(new MemoryServer({ now: () => NOW }))
  await inner.beginEpoch(await inner.hello(), { epoch: 'r1', atLeast: 10 })
  let reads = 0
  const store = Object.assign(Object.create(inner) as MemoryStore, { read: (target: string) => (reads++, inner.read(target)) })
  let n = 0
  /** As a root that believes the record to be what is `known`. */
  const add = async (by: string, known?: Entry): Promise<void> => {
    const operation: Operation = {
      ...{ id: `own-${++n}`, t: 1_000 + n, target: 'agent:mary', kind: 'record', base: 0, baseEpoch: 'r1', by: 'x', root: 'own' },
      edits: [{ do: 'default', path: '/status', value: '"new"' }, { do: 'add', path: '/context/total', by }],
    }
    expect((await submit(store, operation, OPTIONS, known === undefined ? {} : { known })).is).toBe('committed')
  }
  const present = async (): Promise<Entry> => cloneEntry((await inner.read('agent:mary')).entry!)
  return { add, present, reads: () => reads }
}

test('an addition to a record that is known is sent without reading it', async () => {
  const { add, present, reads } = await place()
  await add('1')
  const before = reads()
  await add('2', await present())
  expect(reads()).toBe(before)
  const after = await present()
  expect(valueAt(after.tree, '/context/total')).toBe('3')
  expect(after.counts.get('/context/total')?.get('own')).toEqual({ n: 2, sum: '3' })
})

test('an addition to a record that others have changed, and whose sum is the same again, is made to what is counted by now', async () => {
  const { add, present, reads } = await place()
  await add('1')
  const known = await present()
  await add('5')
  await add('-5')
  const before = reads()
  await add('1', known)
  expect(reads()).toBe(before + 1)
  expect((await present()).counts.get('/context/total')?.get('own')).toEqual({ n: 4, sum: '2' })
})
