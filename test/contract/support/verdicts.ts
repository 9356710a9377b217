import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../src/store/contract.js'
import { AGENT, begin, commit, draftOf, lineOf, type MakeStore, newId, propose, set, started, type StoreUnderTest, unset } from './harness.js'

export function verdictContract(make: MakeStore): void {
  describe('a proposal', () => {
    let made: StoreUnderTest
    let store: Store
    beforeEach(async () => {
      made = await started(make)
      store = made.store
    })

    it('is refused before an epoch has begun', async () => {
      const { store: fresh } = await make()
      expect(await propose(fresh, draftOf([set('/status', '"a"')]), { epoch: 'r0' })).toEqual({ is: 'epoch' })
      expect((await fresh.hello()).epoch).toBeNull()
    })

    it('of another epoch is refused, and changes nothing', async () => {
      const { rev } = await store.hello()
      expect(await propose(store, draftOf([set('/status', '"a"')]), { epoch: made.newEpoch() })).toEqual({ is: 'epoch' })
      expect(await lineOf(store)).toBeUndefined()
      expect((await store.hello()).rev).toBe(rev)
    })

    it('is applied once: its id is answered with the first revision, even where a condition would refuse it', async () => {
      const draft = draftOf([set('/status', '"a"')])
      const { rev } = await commit(store, draft, { ifRev: 0 })
      await commit(store, draftOf([set('/status', '"b"')]))
      expect(await propose(store, draft, { ifRev: 0 })).toEqual({ is: 'duplicate', rev })
      expect(await propose(store, draft, { expect: { roster: null } })).toEqual({ is: 'duplicate', rev })
      expect(await lineOf(store)).toBe('{"status":"b"}')
    })

    it('whose id was used with another payload is refused', async () => {
      const draft = draftOf([set('/status', '"a"')], { digest: 'd1' })
      const { rev } = await commit(store, draft)
      expect(await propose(store, { ...draft, digest: 'd2' })).toEqual({ is: 'other-payload', rev })
      expect(await propose(store, draft)).toEqual({ is: 'duplicate', rev })
    })

    it('with a digest, whose id is known without one, is a duplicate', async () => {
      const draft = draftOf([set('/status', '"a"')])
      const { rev } = await commit(store, draft)
      expect(await propose(store, { ...draft, digest: 'd1' })).toEqual({ is: 'duplicate', rev })
    })

    it('with a fence is refused unless it is the newest grant of that lease', async ({ skip }) => {
      const { setFence } = made
      if (setFence === undefined) return skip()
      const fenced = (fence: number): ReturnType<typeof propose> =>
        propose(store, draftOf([set('/status', '"a"')]), { fence: { name: 'merge', fence } })
      expect(await fenced(7)).toEqual({ is: 'fence', fence: 0 })
      await setFence('merge', 8)
      expect(await fenced(7)).toEqual({ is: 'fence', fence: 8 })
      expect(await fenced(9)).toEqual({ is: 'fence', fence: 8 })
      expect(await fenced(8)).toMatchObject({ is: 'committed' })
    })

    it('with a fence from before this epoch is refused, although nobody was granted a newer one', async ({ skip }) => {
      const { setFence } = made
      if (setFence === undefined) return skip()
      await setFence('merge', 8)
      await begin(made, 1_000)
      const verdict = await propose(store, draftOf([set('/status', '"a"')]), { fence: { name: 'merge', fence: 8 } })
      expect(verdict).toEqual({ is: 'fence', fence: 8 })
    })

    it('with a revision is committed only while the record has that revision', async () => {
      const { rev } = await commit(store, draftOf([set('/status', '"a"')]), { ifRev: 0 })
      expect(await propose(store, draftOf([set('/status', '"b"')]), { ifRev: 0 })).toEqual({ is: 'conflict', rev })
      expect(await propose(store, draftOf([set('/status', '"b"')]), { ifRev: rev })).toMatchObject({ is: 'committed' })
    })

    it('with revision 0 matches a record that was adopted, and one that was deleted', async () => {
      await commit(store, draftOf([set('/status', '"a"')], { kind: 'adopt' }))
      await commit(store, draftOf([unset('')], { kind: 'delete' }), { ifRev: 0 })
      expect(await propose(store, draftOf([set('/status', '"b"')]), { ifRev: 0 })).toMatchObject({ is: 'committed' })
    })

    it('that expects a roster entry is stale when the record was changed, made or deleted since', async () => {
      const none = await store.read(AGENT)
      await commit(store, draftOf([set('/status', '"a"')]))
      expect(await propose(store, draftOf([set('/n', '1')]), { expect: { roster: none.roster } })).toEqual({ is: 'stale' })
      const { roster } = await store.read(AGENT)
      expect(await propose(store, draftOf([set('/n', '1')]), { expect: { roster } })).toMatchObject({ is: 'committed' })
      expect(await propose(store, draftOf([set('/n', '2')]), { expect: { roster } })).toEqual({ is: 'stale' })
      await commit(store, draftOf([unset('')], { kind: 'delete' }))
      const deleted = await store.read(AGENT)
      expect(await propose(store, draftOf([set('/n', '2')]), { expect: { roster: null } })).toEqual({ is: 'stale' })
      const again = await propose(store, draftOf([set('/n', '3')]), { expect: { roster: deleted.roster } })
      expect(again).toMatchObject({ is: 'committed' })
    })

    it('that follows a change is stale when another one came between, or it is not there', async () => {
      const first = await commit(store, draftOf([set('/a', '1')]))
      const { rev } = first
      const after = (follows: { rev: number; id?: string }): ReturnType<typeof propose> => propose(store, draftOf([set('/b', '1')]), { expect: { follows } })
      expect(await after({ rev: rev - 1 })).toEqual({ is: 'stale' })
      expect(await after({ rev: rev + 1 })).toEqual({ is: 'stale' })
      expect(await after({ rev, id: newId() })).toEqual({ is: 'stale' })
      const second = await after({ rev, id: first.id })
      if (second.is !== 'committed') throw new Error(second.is)
      expect(second.change.rev).toBe(rev + 1)
      expect(await after({ rev, id: first.id })).toEqual({ is: 'stale' })
      expect(await after({ rev: rev + 1, id: first.id })).toEqual({ is: 'stale' })
      expect(await after({ rev: rev + 1 })).toMatchObject({ is: 'committed' })
      expect(await propose(store, first, { expect: { follows: { rev: 1 } } })).toMatchObject({ is: 'duplicate', rev })
    })

    it('that expects the record to be there, or not, is stale when that has changed, and only then', async () => {
      expect(await propose(store, draftOf([set('/n', '1')]), { expect: { live: true } })).toEqual({ is: 'stale' })
      await commit(store, draftOf([set('/n', '1')]), { expect: { live: false } })
      await commit(store, draftOf([set('/n', '2')]))
      expect(await propose(store, draftOf([unset('')], { kind: 'delete' }), { expect: { live: false } })).toEqual({ is: 'stale' })
      await commit(store, draftOf([unset('')], { kind: 'delete' }), { expect: { live: true } })
    })

    it('that expects the content of a field is stale when that field has changed, and only then', async () => {
      await commit(store, draftOf([set('/a', '1'), set('/b', '1')]))
      const { tokens } = await store.read(AGENT)
      const fields = new Map([['a', tokens.get('a')!], ['c', null]])
      await commit(store, draftOf([set('/b', '2')]))
      expect(await propose(store, draftOf([set('/x', '1')]), { expect: { fields } })).toMatchObject({ is: 'committed' })
      await commit(store, draftOf([set('/c', '1')]))
      expect(await propose(store, draftOf([set('/x', '2')]), { expect: { fields } })).toEqual({ is: 'stale' })
      fields.delete('c')
      await commit(store, draftOf([set('/a', '2')]))
      expect(await propose(store, draftOf([set('/x', '2')]), { expect: { fields } })).toEqual({ is: 'stale' })
    })

    it('sees that a field has kept its text and changed its type', async () => {
      await commit(store, draftOf([set('/a', '5')]))
      const { tokens } = await store.read(AGENT)
      await commit(store, draftOf([set('/a', '"5"')]))
      const fields = new Map([['a', tokens.get('a')!]])
      expect(await propose(store, draftOf([set('/x', '1')]), { expect: { fields } })).toEqual({ is: 'stale' })
    })

    it('that merges a field without comparing it is a bug, and is thrown', async ({ skip }) => {
      if (store.name === 'file') return skip()
      const draft = draftOf([set('/context/a', '1')], { id: newId() })
      await expect(propose(store, draft, { expect: {} })).rejects.toMatchObject({ code: 'internal' })
    })

    it('is judged by its epoch, then its id, its fence, its revision, then by what it expects', async ({ skip }) => {
      const { setFence } = made
      if (setFence === undefined) return skip()
      const known = draftOf([set('/a', '1')])
      const { rev } = await commit(store, known)
      const draft = draftOf([set('/a', '2')])
      const wrong = { epoch: made.newEpoch(), fence: { name: 'l', fence: 1 }, ifRev: rev + 5, expect: { live: false } }
      expect(await propose(store, known, wrong)).toEqual({ is: 'epoch' })
      const { epoch, ...rest } = wrong
      expect(await propose(store, known, rest)).toEqual({ is: 'duplicate', rev })
      expect(await propose(store, draft, rest)).toEqual({ is: 'fence', fence: 0 })
      const { fence, ...still } = rest
      expect(await propose(store, draft, still)).toEqual({ is: 'conflict', rev })
      expect(await propose(store, draft, { expect: { live: false } })).toEqual({ is: 'stale' })
      expect([epoch, fence.name]).toHaveLength(2)
    })
  })
}
