import { describe, expect, it } from 'vitest'
import type { Subject } from '../store-contract.js'
import { MARY, newId, Session } from './session.js'

export function describeIds({ make, can }: Subject): void {
  describe('an id', () => {
    it('that was seen is not applied again, and is told its revision', async () => {
      const session = await Session.begin((await make()).store)
      const { id, rev } = await session.commit({ set: { '/a': '1' } })
      await session.commit({ set: { '/a': '2' } })
      const before = await session.read()
      expect(await session.propose({ id, set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev })
      expect(await session.propose({ id, target: 'agent:rnd', set: { '/a': '1' } }, { ifRev: 77 })).toEqual({ is: 'duplicate', rev })
      expect(await session.read()).toEqual(before)
      expect((await session.read('agent:rnd')).roster).toBeNull()
    })

    it('is forgotten by nobody who is refused for another reason', async () => {
      const session = await Session.begin((await make()).store)
      const id = newId()
      expect(await session.propose({ id, set: { '/a': '1' } }, { ifRev: 5 })).toMatchObject({ is: 'conflict' })
      expect(await session.propose({ id, set: { '/a': '1' } }, { ifRev: 0 })).toMatchObject({ is: 'committed' })
    })

    it('of an idempotency key may not be used for something else', async () => {
      const session = await Session.begin((await make()).store)
      const { id, rev } = await session.commit({ digest: 'd1', set: { '/a': '1' } })
      expect(await session.propose({ id, digest: 'd1', set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev })
      expect(await session.propose({ id, digest: 'd2', set: { '/a': '2' } })).toEqual({ is: 'other-payload', rev })
      expect(await session.propose({ id, set: { '/a': '2' } })).toEqual({ is: 'duplicate', rev })
      const plain = await session.commit({ set: { '/b': '1' } })
      expect(await session.propose({ id: plain.id, digest: 'd3', set: { '/b': '1' } })).toEqual({ is: 'duplicate', rev: plain.rev })
    })

    it('of a change that touched nothing is seen too', async () => {
      const session = await Session.begin((await make()).store)
      const { id, rev } = await session.commit({ lost: [{ path: '/a', lost: '1', kept: null }] })
      expect(await session.propose({ id, set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev })
    })
  })

  describe.runIf(can('shared'))('what a root brings to a shared store', () => {
    it('are ids, which are duplicates from then on', async () => {
      const { store } = await make()
      const session = await Session.begin(store, 1_000)
      const [applied, unknown, key] = [newId(), newId(), newId()]
      const ids = [{ id: applied, rev: 17 }, { id: unknown, rev: 0 }, { id: key, rev: 18, digest: 'd1', t: Date.now() }]
      expect(await store.contain(session.epoch, new Map(), ids)).toBe(true)
      expect(await session.propose({ id: applied, set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev: 17 })
      expect(await session.propose({ id: unknown, set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev: 0 })
      expect(await session.propose({ id: key, digest: 'd1', set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev: 18 })
      expect(await session.propose({ id: key, digest: 'd2', set: { '/a': '1' } })).toEqual({ is: 'other-payload', rev: 18 })
      expect((await session.read(MARY)).roster).toBeNull()
    })

    it('never replaces an id that the store has', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      const { id, rev } = await session.commit({ digest: 'd1', set: { '/a': '1' } })
      await store.contain(session.epoch, new Map(), [{ id, rev: 99, digest: 'd2', t: 1 }])
      expect(await session.propose({ id, digest: 'd1', set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev })
    })

    it('may be thousands of ids', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      const ids = Array.from({ length: 5_000 }, (_, n) => ({ id: newId(), rev: n }))
      expect(await store.contain(session.epoch, new Map([['r9', 7]]), ids)).toBe(true)
      for (const at of [0, 999, 1_000, 4_999]) {
        expect(await session.propose({ id: ids[at]!.id, set: { '/a': '1' } })).toEqual({ is: 'duplicate', rev: at })
      }
    })

    it('is what other epochs it contains: the highest revision that anybody declared', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      await store.contain(session.epoch, new Map([['r8', 7], ['r9', 70]]), [])
      await store.contain(session.epoch, new Map([['r8', 8], ['r9', 69], [session.epoch, 5_000]]), [])
      expect((await store.hello()).contains).toEqual(new Map([['r8', 8], ['r9', 70]]))
    })

    it('is nothing for who believes in another epoch', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      const id = newId()
      expect(await store.contain('r0', new Map([['r8', 7]]), [{ id, rev: 5 }])).toBe(false)
      expect((await store.hello()).contains).toEqual(new Map())
      expect(await session.propose({ id, set: { '/a': '1' } })).toMatchObject({ is: 'committed' })
    })
  })

  describe.runIf(can('shared'))('the ids of a shared store', () => {
    it('can be taken over: those of newer changes and those that were brought', async () => {
      const { store } = await make()
      const session = await Session.begin(store, 1_000)
      await store.contain(session.epoch, new Map(), [{ id: 'brought', rev: 17 }])
      const old = await session.commit({ set: { '/a': '1' } })
      const young = await session.commit({ digest: 'd1', set: { '/a': '2' } })
      const ids = new Map((await store.seenIds(old.rev)).map((seen) => [seen.id, seen]))
      expect(ids.get('brought')).toMatchObject({ rev: 17 })
      expect(ids.get(young.id)).toMatchObject({ rev: young.rev, digest: 'd1' })
      expect(ids.has(old.id)).toBe(false)
      expect(ids.size).toBe(2)
    })
  })
}
