import { beforeEach, describe, expect, it } from 'vitest'
import { CONTEXT, type Target } from '../../../src/domain/operation.js'
import type { Store } from '../../../src/store/contract.js'
import { AGENT, begin, commit, draftOf, lineOf, type MakeStore, propose, readLive, set, started, type StoreUnderTest, TASK, unset } from './harness.js'

type Capable = StoreUnderTest & Required<Pick<StoreUnderTest, 'evict' | 'evictMarks' | 'legacySet'>>

const isCapable = (made: StoreUnderTest): made is Capable =>
  made.evict !== undefined && made.evictMarks !== undefined && made.legacySet !== undefined

/** What legacy programs and a full server do to the data. */
export function lossContract(make: MakeStore): void {
  describe('data that others wrote or lost', () => {
    let made: Capable
    let store: Store
    beforeEach(async ({ skip }) => {
      const any = await started(make)
      if (!isCapable(any)) return skip()
      made = any
      store = any.store
    })

    const given = (): Promise<unknown> => commit(store, draftOf([set('/s', '"text"'), set('/n', '5'), set('/context/a', '1')]))

    for (const part of ['record', 'stamps', 'types'] as const) {
      it(`a record without its ${part} is evicted, is not written to, and is healed`, async () => {
        await given()
        const { roster, entry } = await readLive(store)
        await made.evict(AGENT, [part])
        expect((await store.read(AGENT)).evicted).toBe(true)
        expect(await propose(store, draftOf([set('/n', '6')]))).toEqual({ is: 'evicted' })
        const { epoch, rev } = await store.hello()
        expect(await store.heal(epoch!, AGENT, roster!, entry)).toBe(true)
        expect(await store.read(AGENT)).toMatchObject({ evicted: false, roster, entry })
        expect((await store.hello()).rev).toBe(rev)
        expect(await propose(store, draftOf([set('/n', '6')]))).toMatchObject({ is: 'committed' })
      })
    }

    it('what is unlike what is known has other members, another revision, another life, or is evicted', async ({ skip }) => {
      if (store.unlike === undefined) return skip()
      await commit(store, draftOf([set('/s', '"é ü"'), set('/n', '5.0'), set('/context/a', '1'), set('/\u2028', '{}')]))
      await commit(store, draftOf([set('/s', '"x"')], { target: TASK }))
      const known = new Map([[AGENT, (await store.read(AGENT)).entry!], [TASK, (await store.read(TASK)).entry!]])
      const unlike = (): Promise<Target[]> => store.unlike!(known)
      expect(await unlike()).toEqual([])
      await made.legacySet('joe', 's', 'text')
      expect(await unlike()).toEqual([])
      await made.legacySet('mary', 's', 'other')
      expect(await unlike()).toEqual([AGENT])
      await made.legacySet('mary', 's', 'é ü')
      expect(await unlike()).toEqual([])
      await made.legacySet('mary', 'more', '')
      expect(await unlike()).toEqual([AGENT])
      await commit(store, draftOf([unset('/more')]))
      known.set(AGENT, (await store.read(AGENT)).entry!)
      expect(await unlike()).toEqual([])
      await commit(store, draftOf([unset('')], { target: TASK, kind: 'delete' }))
      expect(await unlike()).toEqual([TASK])
      known.set(TASK, (await store.read(TASK)).entry!)
      expect(await unlike()).toEqual([])
      for (const part of ['types', 'stamps', 'record'] as const) {
        await commit(store, draftOf([set('/n', '5'), set('/m', '{}')])).catch(() => undefined)
        await made.evict(AGENT, [part])
        expect(await unlike()).toEqual([AGENT])
      }
    })

    it('a record that only a legacy program made again is evicted: its revision is missing', async () => {
      await given()
      await made.evict(AGENT, ['record'])
      await made.legacySet('mary', 's', 'text')
      expect((await store.read(AGENT)).evicted).toBe(true)
      expect(await propose(store, draftOf([set('/n', '6')]))).toEqual({ is: 'evicted' })
    })

    it('an id that was seen comes before an eviction, an eviction before a fence', async () => {
      const draft = draftOf([set('/a', '1')])
      const { rev } = await commit(store, draft)
      await made.evict(AGENT)
      expect(await propose(store, draft)).toEqual({ is: 'duplicate', rev })
      const fence = { name: 'l', fence: 1 }
      expect(await propose(store, draftOf([set('/a', '1')]), { fence, ifRev: 99 })).toEqual({ is: 'evicted' })
    })

    it('healing keeps what a legacy program wrote since, as a string, and brings the order back', async () => {
      await given()
      const { roster, entry } = await readLive(store)
      await made.evict(AGENT)
      await made.legacySet('mary', 'n', '7')
      await made.legacySet('mary', 'later', 'x')
      expect((await store.read(AGENT)).evicted).toBe(true)
      expect(await propose(store, draftOf([set('/s', '"y"')]))).toEqual({ is: 'evicted' })
      const { epoch } = await store.hello()
      expect(await store.heal(epoch!, AGENT, roster!, entry)).toBe(true)
      expect(await lineOf(store)).toBe('{"s":"text","n":"7","context":{"a":1},"later":"x"}')
      expect((await store.read(AGENT)).evicted).toBe(false)
    })

    it('healing ends although the only typed field was overwritten', async () => {
      await commit(store, draftOf([set('/n', '5')]))
      const { roster, entry } = await readLive(store)
      await made.evict(AGENT, ['types'])
      await made.legacySet('mary', 'n', 'x')
      expect(await store.heal((await store.hello()).epoch!, AGENT, roster!, entry)).toBe(true)
      expect((await store.read(AGENT)).evicted).toBe(false)
      expect(await lineOf(store)).toBe('{"n":"x"}')
    })

    it('healing is refused for a record that has changed since, and in another epoch', async () => {
      await given()
      const { roster, entry } = await readLive(store)
      await commit(store, draftOf([set('/n', '6')]))
      const { epoch } = await store.hello()
      expect(await store.heal(epoch!, AGENT, roster!, entry)).toBe(false)
      const now = await readLive(store)
      expect(await store.heal(made.newEpoch(), AGENT, now.roster!, now.entry)).toBe(false)
      expect(await lineOf(store)).toBe('{"s":"text","n":6,"context":{"a":1}}')
    })

    it('an adopted record is healed without a revision', async () => {
      await commit(store, draftOf([set('/n', '5')], { kind: 'adopt' }))
      const { roster, entry } = await readLive(store)
      await made.evict(AGENT, ['record'])
      expect(await propose(store, draftOf([set('/n', '6')]))).toEqual({ is: 'evicted' })
      expect(await store.heal((await store.hello()).epoch!, AGENT, roster!, entry)).toBe(true)
      expect(await store.read(AGENT)).toMatchObject({ evicted: false, roster: { rev: 0 }, entry })
    })

    it('what a legacy program writes is a string, whatever stood there', async () => {
      await given()
      const { tokens } = await store.read(AGENT)
      await made.legacySet('mary', 'n', '[1,2]')
      await made.legacySet('mary', 's', '5')
      await made.legacySet('mary', 'new', 'true')
      expect(await lineOf(store)).toBe('{"s":"5","n":"[1,2]","context":{"a":1},"new":"true"}')
      const fields = new Map([['n', tokens.get('n')!]])
      expect(await propose(store, draftOf([set('/x', '1')]), { expect: { fields } })).toEqual({ is: 'stale' })
      expect((await store.read(AGENT)).evicted).toBe(false)
    })

    it('a context that a legacy program wrote is read as JSON, or as absent with its token', async () => {
      await given()
      await made.legacySet('mary', 'context', '{ "10": 1.10, "2": [] }')
      expect(await lineOf(store)).toBe('{"s":"text","n":5,"context":{"10":1.10,"2":[]}}')
      for (const raw of ['not JSON', '[1]', '"text"', '{"a":1', '']) {
        await made.legacySet('mary', 'context', raw)
        const { entry, tokens } = await readLive(store)
        expect(entry.tree.has('context')).toBe(false)
        expect(tokens.has('context')).toBe(true)
      }
      await commit(store, draftOf([set('/context/a', '2')]))
      expect(await lineOf(store)).toContain('"context":{"a":2}')
    })

    it('a record that only a legacy program made is told, is not live, and can be adopted', async () => {
      await made.legacySet('paula', 'status', 'busy')
      expect(await store.targets()).toContain('agent:paula')
      const stored = await store.read('agent:paula')
      expect(stored).toMatchObject({ roster: null, evicted: false, entry: { live: false, rev: 0 } })
      const { rev } = await commit(store, draftOf([set('/status', '"busy"')], { target: 'agent:paula', kind: 'adopt' }), {
        expect: { roster: null, fields: new Map([['status', stored.tokens.get('status')!]]) },
      })
      expect(await readLive(store, 'agent:paula')).toMatchObject({ roster: { live: true, rev: 0, born: rev } })
    })

    it('a record that a legacy program made after a deletion keeps its tombstone until it is taken in', async () => {
      await given()
      await commit(store, draftOf([unset('')], { kind: 'delete' }))
      await made.legacySet('mary', 'status', 'busy')
      const { roster, entry } = await store.read(AGENT)
      expect([roster?.live, entry?.live, entry?.tree.get('status')]).toEqual([false, false, '"busy"'])
      await commit(store, draftOf([set('/n', '1')]))
      expect((await readLive(store)).entry.tree).toEqual(new Map([['status', '"busy"'], ['n', '1']]))
    })

    it('a deleted record keeps its tombstone although its stamps are evicted', async () => {
      await given()
      const { rev } = await commit(store, draftOf([unset('')], { kind: 'delete' }))
      await made.evict(AGENT)
      expect((await store.read(AGENT)).entry?.stamps.get('')?.rev).toBe(rev)
      await commit(store, draftOf([set('/n', '1')]))
      expect((await readLive(store)).entry.stamps.get('')?.rev).toBe(rev)
    })

    it('the counter is not missed: a copy goes on', async () => {
      const { rev } = await commit(store, draftOf([set('/n', '1')]))
      await made.evictMarks('counter')
      expect((await store.changesAfter(rev, 1)).rev).toBe(rev)
      const next = await commit(store, draftOf([set('/n', '2')]))
      expect([next.rev, next.prev]).toEqual([rev + 1, rev])
    })

    it('changes that were evicted leave a gap that the next change tells', async () => {
      await commit(store, draftOf([set('/n', '1')]))
      const { rev } = await commit(store, draftOf([set('/n', '2')]))
      await made.evictMarks('stream')
      expect(await store.changesAfter(0, 10)).toEqual({ changes: [], rev })
      await commit(store, draftOf([set('/n', '3')]))
      expect((await store.changesAfter(0, 10)).changes[0]?.prev).toBe(rev)
    })

    it('without the ids seen there is no epoch: a retry could be applied again', async () => {
      const { rev, epoch } = await commit(store, draftOf([set('/n', '1')]))
      const draft = draftOf([set('/n', '2')])
      await made.evictMarks('seen')
      expect(await propose(store, draft, { epoch })).toEqual({ is: 'epoch' })
      expect(await store.hello()).toMatchObject({ epoch: null, owner: null, rev })
      const next = await begin(made)
      expect(next.contains.get(epoch)).toBe(rev)
      expect(await propose(store, draft)).toMatchObject({ is: 'committed' })
    })

    it('without the roster there is no epoch, what is there is nobody\'s, and a new one goes on above it', async () => {
      await given()
      await commit(store, draftOf([set('/version', '"1.0"')], { target: CONTEXT }))
      const { rev } = await commit(store, draftOf([set('/n', '6')]))
      await made.evictMarks('sync')
      await made.evictMarks('counter')
      expect(await store.hello()).toMatchObject({ epoch: null, owner: null })
      expect([...(await store.targets())].sort()).toEqual([AGENT, CONTEXT])
      const { roster, entry } = await store.read(AGENT)
      expect([roster, entry?.live, entry?.stamps.size]).toEqual([null, false, 0])
      await begin(made)
      const { tokens } = await store.read(AGENT)
      const fields = new Map([['n', tokens.get('n')!]])
      const change = await commit(store, draftOf([set('/n', '6')], { kind: 'adopt' }), { expect: { roster: null, fields } })
      expect(change.rev).toBeGreaterThan(rev)
      const stored = await readLive(store)
      expect(stored.evicted).toBe(false)
      expect([...stored.entry.stamps.keys()]).toEqual(['/n'])
      expect(await lineOf(store)).toBe('{"s":"text","n":6,"context":{"a":1}}')
    })

    it('another server process has no epoch that is its own, until one is begun', async ({ skip }) => {
      if (made.restart === undefined) return skip()
      const { rev, epoch } = await commit(store, draftOf([set('/n', '1')]))
      const again = await made.restart()
      const lineage = await again.hello()
      expect(lineage.epoch).toBe(epoch)
      expect(lineage.owner).not.toBe(lineage.run)
      expect(await propose(again, draftOf([set('/n', '2')]))).toEqual({ is: 'epoch' })
      expect(await again.contain(epoch, new Map([['r-a', 1]]), [])).toBe(false)
      const next = await begin({ ...made, store: again })
      expect(next.owner).toBe(next.run)
      expect(next.contains.get(epoch)).toBe(rev)
      expect(await propose(again, draftOf([set('/n', '2')]))).toMatchObject({ is: 'committed' })
    })
  })
}
