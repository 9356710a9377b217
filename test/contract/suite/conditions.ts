import { describe, expect, it } from 'vitest'
import type { Proposal, Roster } from '../../../src/store/contract.js'
import type { Subject } from '../store-contract.js'
import { MARY, newId, Session, tokensOf } from './session.js'

export function describeConditions({ make, can }: Subject): void {
  describe('a proposal', () => {
    it('is judged in the order of the contract', async () => {
      const { store, evict, setFence } = await make()
      const session = await Session.begin(store, 10)
      await setFence?.('merge', 20)
      const { id, rev } = await session.commit({ set: { '/a': '"x"', '/n': '1' } })
      const stored = await session.read()
      const wrong: Proposal = {
        ...(await session.proposal({ id, set: { '/a': '2' } })),
        epoch: `${session.epoch}x`,
        ifRev: 5,
        expect: { roster: null, fields: new Map([['a', null]]) },
        ...(setFence !== undefined && { fence: { name: 'merge', fence: 19 } }),
      }
      await evict?.(MARY, ['record'])

      const answers: unknown[] = []
      const ask = async (mended: Partial<Proposal>): Promise<void> => {
        Object.assign(wrong, mended)
        answers.push(await store.commit(wrong))
      }
      await ask({})
      await ask({ epoch: session.epoch })
      wrong.draft = { ...wrong.draft, id: newId() }
      if (evict !== undefined) {
        await ask({})
        expect(answers.pop()).toEqual({ is: 'evicted' })
        expect(await store.heal(session.epoch, MARY, stored.roster!, stored.entry!)).toBe(true)
      }
      if (setFence !== undefined) {
        await ask({})
        expect(answers.pop()).toEqual({ is: 'fence', fence: 20 })
        wrong.fence = { name: 'merge', fence: 20 }
      }
      await ask({})
      await ask({ ifRev: rev })
      await ask({ expect: { roster: stored.roster, fields: new Map([['a', null]]) } })
      await ask({ expect: { roster: stored.roster, fields: tokensOf(stored, ['a']) } })
      expect(answers).toEqual([
        { is: 'epoch' },
        { is: 'duplicate', rev },
        { is: 'conflict', rev },
        { is: 'stale' },
        { is: 'stale' },
        expect.objectContaining({ is: 'committed' }),
      ])
    })

    it('that is refused changes nothing', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      await session.commit({ set: { '/a': '1' } })
      const before = [await session.read(), (await store.hello()).rev]
      expect(await session.propose({ set: { '/a': '2' } }, { ifRev: 0 })).toMatchObject({ is: 'conflict' })
      expect(await session.propose({ set: { '/a': '2' } }, { expect: { live: false } })).toEqual({ is: 'stale' })
      expect([await session.read(), (await store.hello()).rev]).toEqual(before)
    })
  })

  describe('--if-rev', () => {
    it('is the revision of the record, and 0 where there is none, one that was only adopted, or a deleted one', async () => {
      const { store } = await make()
      const session = await Session.begin(store)
      const ifRev = (n: number): Promise<unknown> => session.propose({ set: { '/a': String(n) } }, { ifRev: n })
      const adopt = { target: 'agent:adopted', kind: 'adopt', set: { '/a': '1' } } as const
      await session.commit(adopt)
      expect(await session.propose({ target: 'agent:adopted', set: { '/a': '2' } }, { ifRev: 0 })).toMatchObject({ is: 'committed' })

      expect(await ifRev(7)).toEqual({ is: 'conflict', rev: 0 })
      expect(await ifRev(0)).toMatchObject({ is: 'committed' })
      const { rev } = await session.commit({ set: { '/a': '3' } })
      expect(await ifRev(0)).toEqual({ is: 'conflict', rev })
      expect(await ifRev(rev)).toMatchObject({ is: 'committed' })
      await session.commit({ set: { '': null } })
      expect(await ifRev(rev)).toEqual({ is: 'conflict', rev: 0 })
      expect(await ifRev(0)).toMatchObject({ is: 'committed' })
    })
  })

  describe('a field that was read', () => {
    const race = async (first: Record<string, string | null>, path: string): Promise<unknown> => {
      const session = await Session.begin((await make()).store)
      await session.commit({ set: { '/a': '5', '/context/x': '1', '/list': '[1]' } })
      const proposal = await session.proposal({ set: { [path]: '2' } }, { expect: { fields: new Map() } })
      proposal.expect.fields = tokensOf(await session.read(), [path.split('/')[1]!])
      await session.commit({ set: first })
      return (await session.store.commit(proposal)).is
    }

    it('is stale when it holds something else by now', async () => {
      expect(await race({ '/a': '6' }, '/a')).toBe('stale')
      expect(await race({ '/context/y': '1' }, '/context/x')).toBe('stale')
      expect(await race({ '/list': '[1,2]' }, '/list')).toBe('stale')
    })

    it('is stale when it is gone, or has come', async () => {
      expect(await race({ '/a': null }, '/a')).toBe('stale')
      expect(await race({ '/new': '1' }, '/new')).toBe('stale')
    })

    it('is stale when only its type is another', async () => {
      expect(await race({ '/a': '"5"' }, '/a')).toBe('stale')
      expect(await race({ '/list': '"[1]"' }, '/list')).toBe('stale')
    })

    it('is not stale because another field changed, or the same was written again', async () => {
      expect(await race({ '/b': '6' }, '/a')).toBe('committed')
      expect(await race({ '/a': '5' }, '/a')).toBe('committed')
      expect(await race({ '/a': '6', '/b': '1' }, '/context/x')).toBe('committed')
    })
  })

  describe('a roster entry that was read', () => {
    it('is stale after any change of the record, a deletion and a record that came', async () => {
      const session = await Session.begin((await make()).store)
      const propose = async (roster: Roster | null): Promise<string> =>
        (await session.propose({ set: { '/a': '1' } }, { expect: { roster } })).is
      expect(await propose({ live: true, rev: 1, born: 1 })).toBe('stale')
      expect(await propose(null)).toBe('committed')
      expect(await propose(null)).toBe('stale')
      const live = (await session.read()).roster
      await session.commit({ set: { '/b': '1' } })
      expect(await propose(live)).toBe('stale')
      expect(await propose((await session.read()).roster)).toBe('committed')
      await session.commit({ set: { '': null } })
      const deleted = (await session.read()).roster!
      expect(await propose({ ...deleted, live: true })).toBe('stale')
      expect(await propose(deleted)).toBe('committed')
    })

    it('counts as the same where only its liveness matters', async () => {
      const session = await Session.begin((await make()).store)
      const propose = async (live: boolean): Promise<string> =>
        (await session.propose({ set: { '/a': '1' } }, { expect: { live } })).is
      expect(await propose(true)).toBe('stale')
      expect(await propose(false)).toBe('committed')
      expect(await propose(false)).toBe('stale')
      expect(await propose(true)).toBe('committed')
      await session.commit({ set: { '': null } })
      expect(await propose(true)).toBe('stale')
    })
  })

  describe.runIf(can('setFence'))('a fence', () => {
    it('must be the newest of its lease, of this epoch, and of a lease that there is', async () => {
      const { store, setFence } = await make()
      const session = await Session.begin(store, 10)
      const propose = (name: string, fence: number): Promise<unknown> =>
        session.propose({ set: { '/a': '1' } }, { fence: { name, fence } })
      await setFence!('merge', 30)
      expect(await propose('merge', 29)).toEqual({ is: 'fence', fence: 30 })
      expect(await propose('merge', 30)).toMatchObject({ is: 'committed' })
      expect(await propose('other', 30)).toEqual({ is: 'fence', fence: 0 })
      await setFence!('old', 9)
      expect(await propose('old', 9)).toEqual({ is: 'fence', fence: 9 })
    })
  })
}
