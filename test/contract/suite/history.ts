import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/domain/operation.js'
import type { Subject } from '../store-contract.js'
import { Session } from './session.js'

export function describeHistory({ make, can }: Subject): void {
  describe('a revision', () => {
    it('is higher than every one before, and names the one before it', async () => {
      const session = await Session.begin((await make()).store, 7)
      const changes: Change[] = []
      for (const target of ['agent:mary', 'context', 'agent:rnd', 'agent:mary']) {
        changes.push(await session.commit({ target, set: { '/a': '"1"' } }))
      }
      expect(changes.map(({ rev }) => rev)).toEqual([8, 9, 10, 11])
      expect(changes.map(({ prev }) => prev)).toEqual([7, 8, 9, 10])
    })

    it('is above everything that the writer has seen; who saw less finds the gap in the one before', async () => {
      const session = await Session.begin((await make()).store)
      const first = await session.commit({ set: { '/a': '1' } })
      const second = await session.commit({ set: { '/a': '2' } }, { floor: 500 })
      expect(second).toMatchObject({ rev: 501, prev: first.rev })
      expect(await session.commit({ set: { '/a': '3' } }, { floor: 5 })).toMatchObject({ rev: 502, prev: 501 })
    })

    it('may be as high as milliseconds since 1970', async () => {
      const session = await Session.begin((await make()).store, 1_900_000_000_001)
      const change = await session.commit({ set: { '/a': '1' } })
      expect(change).toMatchObject({ rev: 1_900_000_000_002, prev: 1_900_000_000_001 })
      expect((await session.read()).roster).toEqual({ live: true, rev: change.rev, born: change.rev })
      expect(await session.propose({ set: { '/a': '2' } }, { ifRev: change.rev })).toMatchObject({ is: 'committed' })
    })
  })

  describe.runIf(can('shared'))('the history', () => {
    it('has every change as it was committed, a page at a time', async () => {
      const { store } = await make()
      const session = await Session.begin(store, 3)
      const changes = [
        await session.commit({ set: { '/a': '"ä \\ud800"', '/context/b': '{}', '/c': null } }),
        await session.commit({ target: 'context', by: 'mary "x"', kind: 'edit', set: { '/current_work/x': '[1.10,{}]' } }),
        await session.commit({
          digest: 'd',
          leaves: [{ path: '/n', value: '3', counts: [{ root: 'r', n: 1, sum: '3' }] }],
          inserts: [{ path: '/context/records', value: '{"id":"1"}', keep: 20 }],
        }),
        await session.commit({ lost: [{ path: '/a', lost: '1', kept: '2' }] }),
        await session.commit({ set: { '': null } }),
      ]
      const last = changes.at(-1)!.rev
      expect(await store.changesAfter(3, 100)).toEqual({ changes, rev: last })
      expect(await store.changesAfter(3, 2)).toEqual({ changes: changes.slice(0, 2), rev: last })
      expect(await store.changesAfter(changes[1]!.rev, 2)).toEqual({ changes: changes.slice(2, 4), rev: last })
      expect(await store.changesAfter(last, 2)).toEqual({ changes: [], rev: last })
    })

    it('is the same for another connection, and goes on over an epoch', async () => {
      const { store, another } = await make()
      const first = await (await Session.begin(store)).commit({ set: { '/a': '1' } })
      const second = await (await Session.begin(store)).commit({ set: { '/a': '2' } })
      expect((await (await another!()).changesAfter(0, 10)).changes).toEqual([first, second])
    })
  })

  describe('a change that touches nothing', () => {
    it('has a revision and leaves record and roster alone', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      const lost = [{ path: '/a', lost: '1', kept: '2' }]
      await session.commit({ target: 'agent:none', lost })
      expect(await session.read('agent:none')).toEqual({ roster: null, entry: undefined, tokens: new Map(), evicted: false })
      await session.commit({ set: { '/a': '2' } })
      const before = await session.read()
      const { rev } = await session.commit({ lost })
      expect(await session.read()).toEqual(before)
      expect((await store.hello()).rev).toBe(rev)
    })
  })
}
