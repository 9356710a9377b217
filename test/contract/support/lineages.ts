import { beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../../src/domain/operation.js'
import type { Store } from '../../../src/store/contract.js'
import { begin, commit, draftOf, type MakeStore, newId, propose, set, started, type StoreUnderTest, unset } from './harness.js'

export function lineageContract(make: MakeStore): void {
  describe('a lineage', () => {
    let made: StoreUnderTest
    let store: Store
    beforeEach(async () => {
      made = await started(make)
      store = made.store
    })

    it('numbers changes upwards, each with the number before it, and never below what the caller knows', async () => {
      const a = await commit(store, draftOf([set('/a', '1')]))
      const b = await commit(store, draftOf([set('/a', '2')]), { floor: a.rev + 100 })
      const c = await commit(store, draftOf([], { lost: [] }))
      expect([b.rev, b.prev, c.rev, c.prev]).toEqual([a.rev + 101, a.rev, a.rev + 102, b.rev])
      expect((await store.hello()).rev).toBe(c.rev)
    })

    it('that begins is above everything that was, and above what the caller asks for', async () => {
      const { rev, epoch } = await commit(store, draftOf([set('/a', '1')]), { floor: 500 })
      const next = await begin(made, 400)
      expect(next.rev).toBeGreaterThanOrEqual(rev)
      expect(next.contains.get(epoch)).toBe(rev)
      const far = await begin(made, 10_000)
      expect((await commit(store, draftOf([set('/a', '2')]))).rev).toBeGreaterThan(10_000)
      expect(far.contains.get(epoch)).toBe(rev)
    })

    it('begins once, although two see that it has to', async ({ skip }) => {
      if (!store.shared) return skip()
      const seen = await store.hello()
      const first = await store.beginEpoch(seen, { epoch: 'r-first', atLeast: 0 })
      const second = await store.beginEpoch(seen, { epoch: 'r-second', atLeast: 9_000_000 })
      expect(second).toMatchObject({ epoch: 'r-first', rev: first.rev, first: first.first })
    })

    it('keeps the records of the one before', async () => {
      await commit(store, draftOf([set('/a', '1')]))
      const before = await store.read('agent:mary')
      await begin(made)
      expect(await store.read('agent:mary')).toEqual(before)
      expect(await propose(store, draftOf([set('/a', '2')]))).toMatchObject({ is: 'committed' })
    })

    it('knows every target: live, deleted, and the context', async () => {
      await commit(store, draftOf([set('/a', '1')]))
      await commit(store, draftOf([set('/a', '1')], { target: 'agent:a:b.c' }))
      await commit(store, draftOf([unset('')], { target: 'agent:a:b.c', kind: 'delete' }))
      await commit(store, draftOf([set('/version', '"1.0"')], { target: 'context' }))
      expect([...(await store.targets())].sort()).toEqual(['agent:a:b.c', 'agent:mary', 'context'])
    })

    describe('that is shared', () => {
      beforeEach(({ skip }) => {
        if (!store.shared) skip()
      })

      it('tells changes after a revision, page by page, as they were committed', async () => {
        const { rev: start } = await store.hello()
        const told: Change[] = []
        for (let n = 0; n < 7; n++) {
          const target = n % 2 === 0 ? 'agent:mary' : 'context'
          const more = { target, digest: `d${n}`, lost: [{ path: '/x', lost: '"é\\n"', kept: null }] }
          told.push(await commit(store, draftOf([set('/a', `"${n} ' \\" สวัสดี"`)], more)))
        }
        const pages: Change[] = []
        for (let cursor = start; ; ) {
          const { changes, rev } = await store.changesAfter(cursor, 3)
          expect(rev).toBe(told.at(-1)!.rev)
          if (changes.length === 0) break
          pages.push(...changes)
          cursor = changes.at(-1)!.rev
        }
        expect(pages).toEqual(told)
        expect(pages.map((change) => change.prev)).toEqual([start, ...told.slice(0, -1).map((change) => change.rev)])
      })

      it('declares what it contains, of other epochs, and never less than before', async () => {
        const { epoch } = await store.hello()
        expect(await store.contain(epoch!, new Map([['r-a', 5], ['r-b', 7], [epoch!, 99]]), [])).toBe(true)
        expect(await store.contain(epoch!, new Map([['r-a', 3], ['r-c', 1]]), [])).toBe(true)
        const { contains } = await store.hello()
        expect(contains).toEqual(new Map([['r-a', 5], ['r-b', 7], ['r-c', 1]]))
      })

      it('declares nothing for an epoch that is not the present one', async () => {
        const id = newId()
        expect(await store.contain('r-other', new Map([['r-a', 5]]), [{ id, rev: 3 }])).toBe(false)
        expect((await store.hello()).contains.has('r-a')).toBe(false)
        expect(await propose(store, draftOf([set('/a', '1')], { id }))).toMatchObject({ is: 'committed' })
      })

      it('takes ids back: their operations are not applied again, and keys with another payload are refused', async () => {
        const { epoch } = await store.hello()
        const [plain, unknown, keyed] = [newId(), newId(), newId()]
        const t = Date.now()
        await store.contain(epoch!, new Map(), [{ id: plain, rev: 3 }, { id: unknown, rev: 0 }, { id: keyed, rev: 4, digest: 'd', t }])
        const draft = (id: string, digest?: string): ReturnType<typeof draftOf> =>
          draftOf([set('/a', '1')], { id, ...(digest !== undefined && { digest }) })
        expect(await propose(store, draft(plain))).toEqual({ is: 'duplicate', rev: 3 })
        expect(await propose(store, draft(unknown))).toEqual({ is: 'duplicate', rev: 0 })
        expect(await propose(store, draft(keyed, 'd'))).toEqual({ is: 'duplicate', rev: 4 })
        expect(await propose(store, draft(keyed, 'e'))).toEqual({ is: 'other-payload', rev: 4 })
      })

      it('knows its own ids better than those who give them back', async () => {
        const draft = draftOf([set('/a', '1')])
        const { rev, epoch } = await commit(store, draft)
        await store.contain(epoch, new Map(), [{ id: draft.id, rev: 0, digest: 'd', t: Date.now() }])
        expect(await propose(store, { ...draft, digest: 'e' })).toEqual({ is: 'duplicate', rev })
      })

      it('takes ids back with the change that brings their effects, and only when that is committed', async () => {
        const t = Date.now()
        const gives = [{ id: newId(), rev: 0 }, { id: newId(), rev: 4, digest: 'd', t }]
        const refused = await propose(store, draftOf([set('/a', '1')]), { gives, expect: { live: true } })
        expect(refused).toEqual({ is: 'stale' })
        await commit(store, draftOf([set('/a', '1')]), { gives })
        expect(await propose(store, draftOf([set('/a', '1')], { id: gives[0]!.id }))).toEqual({ is: 'duplicate', rev: 0 })
        const other = draftOf([set('/a', '1')], { id: gives[1]!.id, digest: 'e' })
        expect(await propose(store, other)).toEqual({ is: 'other-payload', rev: 4 })
      })

      it('tells the ids of later changes, and those that were given back', async () => {
        await begin(made, 1_000)
        const { epoch } = await store.hello()
        const first = await commit(store, draftOf([set('/a', '1')]))
        const second = await commit(store, draftOf([set('/a', '2')], { digest: 'd' }))
        const given = Array.from({ length: 1_500 }, () => ({ id: newId(), rev: 3 }))
        await store.contain(epoch!, new Map(), given)
        const ids = new Map((await store.seenIds(first.rev)).map((seen) => [seen.id, seen]))
        expect(ids.get(second.id)).toMatchObject({ id: second.id, rev: second.rev, digest: 'd' })
        expect(ids.has(first.id)).toBe(false)
        for (const { id } of given) expect(ids.get(id)).toEqual({ id, rev: 3 })
      })

      it('keeps no more changes than it has to, and the first that is left tells of the gap', async () => {
        const { rev: start } = await store.hello()
        const first = await commit(store, draftOf([set('/a', '1')]))
        const { changes } = await store.changesAfter(start, 10)
        expect(changes[0]?.prev).toBe(start)
        expect((await store.changesAfter(first.rev, 10)).changes).toEqual([])
      })
    })
  })
}
