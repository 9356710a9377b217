import { describe, expect, it } from 'vitest'
import type { Subject } from '../store-contract.js'
import { draftOf, MARY, newEpoch, Session } from './session.js'

export function describeEpochs({ make, can }: Subject): void {
  describe('an epoch', () => {
    it('is none at first, and without one nothing is committed', async () => {
      const { store } = await make()
      expect(await store.hello()).toMatchObject({ epoch: null, owner: null, rev: 0 })
      const verdict = await store.commit({ epoch: 'r1', floor: 0, draft: draftOf({}), expect: {}, before: undefined })
      expect(verdict).toEqual({ is: 'epoch' })
      expect(await store.changesAfter(0, 10)).toEqual({ changes: [], rev: 0 })
    })

    it('begins with the revision that was asked for, and the first change is above it', async () => {
      const { store } = await make()
      const session = await Session.begin(store, 100)
      expect(session.lineage.rev).toBe(100)
      expect(session.lineage.owner).toBe(session.lineage.run)
      expect(await store.hello()).toEqual({ ...session.lineage, time: expect.any(Number) as number })
      expect(await session.commit({ set: { '/a': '1' } })).toMatchObject({ rev: 101, prev: 100, epoch: session.epoch })
    })

    it('tells the time of the store', async () => {
      const { store } = await make()
      expect((await store.hello()).time).toBeGreaterThan(1_500_000_000_000)
    })

    it('is over for who believes in the one before', async () => {
      const { store } = await make()
      const former = await Session.begin(store)
      const id = (await former.commit({ set: { '/a': '1' } })).id
      await Session.begin(store)
      expect(await former.propose({ set: { '/a': '2' } })).toEqual({ is: 'epoch' })
      expect(await former.propose({ id, set: { '/a': '1' } })).toEqual({ is: 'epoch' })
    })

    it('keeps the records of the one before, and its revisions go on rising', async () => {
      const { store } = await make()
      const before = await (await Session.begin(store, 50)).commit({ set: { '/a': '1' } })
      const session = await Session.begin(store, 10)
      expect(session.lineage.rev).toBeGreaterThanOrEqual(before.rev)
      expect((await session.entry()).stamps.get('/a')).toEqual({ t: 1_000, rev: before.rev, epoch: before.epoch })
      expect((await session.commit({ set: { '/a': '2' } })).rev).toBeGreaterThan(before.rev)
    })

    it('contains the one before, up to its last revision', async () => {
      const { store } = await make()
      const first = await Session.begin(store)
      const { rev } = await first.commit({ set: { '/a': '1' } })
      const second = await Session.begin(store)
      const third = await Session.begin(store)
      expect(third.lineage.contains).toEqual(
        new Map([
          [first.epoch, rev],
          [second.epoch, second.lineage.rev],
        ]),
      )
    })
  })

  describe.runIf(can('shared'))('an epoch of a shared store', () => {
    it('is begun by one of two who see that it is needed', async () => {
      const { store } = await make()
      const seen = await store.hello()
      const mine = newEpoch(store)
      const theirs = newEpoch(store)
      const [a, b] = await Promise.all([
        store.beginEpoch(seen, { epoch: mine, atLeast: 5 }),
        store.beginEpoch(seen, { epoch: theirs, atLeast: 500 }),
      ])
      expect(a).toMatchObject({ epoch: mine, rev: 5, first: 5 })
      expect(b).toMatchObject({ epoch: mine, rev: 5, first: 5 })
    })

    it('is the same for every connection', async () => {
      const { store, another } = await make()
      const session = await Session.begin(store)
      const other = await Session.join(await another!())
      expect(other.epoch).toBe(session.epoch)
      await other.commit({ set: { '/a': '1' } })
      expect((await session.entry()).tree.get('a')).toBe('1')
    })
  })

  describe.runIf(can('restart'))('an epoch, after the server has started anew', () => {
    it('is not believed before somebody has begun another one', async () => {
      const { store, restart } = await make()
      const session = await Session.begin(store)
      const { rev } = await session.commit({ set: { '/a': '1' } })
      const again = await Session.join(await restart!())
      expect(again.lineage).toMatchObject({ epoch: session.epoch, owner: session.lineage.run, rev })
      expect(again.lineage.run).not.toBe(session.lineage.run)
      expect(await again.propose({ set: { '/a': '2' } })).toEqual({ is: 'epoch' })
      expect(await again.store.contain(session.epoch, new Map(), [])).toBe(false)

      const next = await Session.begin(again.store)
      expect(next.lineage).toMatchObject({ owner: again.lineage.run, contains: new Map([[session.epoch, rev]]) })
      expect((await next.commit({ set: { '/a': '2' } })).rev).toBeGreaterThan(rev)
      expect((await next.read(MARY)).evicted).toBe(false)
    })
  })
}
