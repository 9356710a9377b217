import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../src/store/contract.js'
import { commit, draftOf, lineOf, type MakeStore, propose, readLive, set, started, unset } from './harness.js'

const item = (id: string, second: number): string => `{"id":"${id}","timestamp":"2025-11-12T08:26:${second}.000+07:00"}`

export function knowledgeContract(make: MakeStore): void {
  describe('what is known about a record', () => {
    let store: Store
    beforeEach(async () => {
      store = (await started(make)).store
    })

    it('a leaf has the stamp of the change that set it, or the one that the change brought', async () => {
      const older = { t: 5, rev: 3, epoch: 'r-old' }
      const { t, rev, epoch } = await commit(store, draftOf([set('/a', '1'), { path: '/context/b', value: '2', stamp: older }]))
      const { entry } = await readLive(store)
      expect(entry.stamps).toEqual(new Map([['/a', { t, rev, epoch }], ['/context/b', older]]))
    })

    it('a deleted leaf keeps its stamp', async () => {
      await commit(store, draftOf([set('/a', '1'), set('/b', '1')]))
      const { rev } = await commit(store, draftOf([unset('/a')]))
      expect((await readLive(store)).entry.stamps.get('/a')?.rev).toBe(rev)
    })

    it('what replaces an object takes the stamps below it away; an empty object leaves them', async () => {
      await commit(store, draftOf([set('/context/a/b', '1'), set('/context/ab', '1'), set('/context/a/c/d', '1')]))
      await commit(store, draftOf([set('/context/a', '{}')]))
      expect([...(await readLive(store)).entry.stamps.keys()].sort()).toEqual(['/context/a', '/context/a/b', '/context/a/c/d', '/context/ab'])
      await commit(store, draftOf([set('/context/a', '5')]))
      expect([...(await readLive(store)).entry.stamps.keys()].sort()).toEqual(['/context/a', '/context/ab'])
      await commit(store, draftOf([unset('/context')]))
      expect([...(await readLive(store)).entry.stamps.keys()]).toEqual(['/context'])
    })

    it('the leaves of one change are stamped in their order', async () => {
      await commit(store, draftOf([set('/a/b', '1'), set('/a', '{}'), unset('/a'), set('/a/c', '2')]))
      expect(await lineOf(store)).toBe('{"a":{"c":2}}')
      expect([...(await readLive(store)).entry.stamps.keys()].sort()).toEqual(['/a', '/a/c'])
    })

    it('stamps that came between reading and committing are taken away too', async () => {
      const before = await store.read('agent:mary')
      await commit(store, draftOf([set('/a/b', '1')]))
      const late = await propose(store, draftOf([set('/a', '2')]), { before: before.entry, expect: {} })
      expect(late.is).toBe('committed')
      expect([...(await readLive(store)).entry.stamps.keys()]).toEqual(['/a'])
    })

    it('an addition counts for its root and stamps nothing', async () => {
      const counts = [{ root: 'r1', n: 2, sum: '2.50' }]
      await commit(store, draftOf([{ path: '/context/n', value: '2.50', counts }]))
      await commit(store, draftOf([{ path: '/context/n', value: '3.50', counts: [{ root: 'r2', n: 1, sum: '1' }] }]))
      await commit(store, draftOf([{ path: '/context/n', value: '4.50', counts: [{ root: 'r1', n: 3, sum: '3.50' }] }]))
      const { entry } = await readLive(store)
      expect(entry.counts).toEqual(
        new Map([['/context/n', new Map([['r1', { n: 3, sum: '3.50' }], ['r2', { n: 1, sum: '1' }]])]]),
      )
      expect(entry.stamps.size).toBe(0)
      expect(await lineOf(store)).toBe('{"context":{"n":4.50}}')
    })

    it('a root may be called anything', async () => {
      const counts = ['', 'a b', 'a%20b', '50%'].map((root) => ({ root, n: 1, sum: '1' }))
      await commit(store, draftOf([{ path: '/n', value: '4', counts }]))
      expect([...(await readLive(store)).entry.counts.get('/n')!.keys()].sort()).toEqual(counts.map(({ root }) => root).sort())
    })

    it('entries of a list are merged by their id, ordered by time, and cut', async () => {
      const insert = (value: string): ReturnType<typeof draftOf> =>
        draftOf([set('/status', '"a"')], { inserts: [{ path: '/context/records', value, keep: 2 }] })
      await commit(store, insert(item('b', 20)))
      await commit(store, insert(item('a', 10)))
      expect(await lineOf(store)).toBe(`{"status":"a","context":{"records":[${item('a', 10)},${item('b', 20)}]}}`)
      await commit(store, insert(item('c', 30)))
      await commit(store, insert(item('b', 40)))
      expect(await lineOf(store)).toBe(`{"status":"a","context":{"records":[${item('c', 30)},${item('b', 40)}]}}`)
    })

    it('a change that lost on every leaf is history only', async () => {
      await commit(store, draftOf([set('/a', '1')]))
      const before = await store.read('agent:mary')
      const lost = [{ path: '/a', lost: '2', kept: '1' }]
      const draft = draftOf([], { lost })
      const change = await commit(store, draft)
      expect(await store.read('agent:mary')).toEqual(before)
      expect((await store.hello()).rev).toBe(change.rev)
      expect(change.lost).toEqual(lost)
      expect(await propose(store, draft)).toEqual({ is: 'duplicate', rev: change.rev })
    })
  })
}
