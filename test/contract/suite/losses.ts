import { describe, expect, it } from 'vitest'
import { formatLine } from '../../../src/domain/json.js'
import type { Subject } from '../store-contract.js'
import { MARY, type RecordPart, Session, type StoreUnderTest } from './session.js'

const LOSSES: readonly (readonly RecordPart[])[] = [['record'], ['stamps'], ['types'], ['record', 'types'], ['record', 'stamps', 'types']]

export function describeLosses({ make, can }: Subject): void {
  const prepared = async (): Promise<StoreUnderTest & { session: Session }> => {
    const subject = await make()
    const session = await Session.begin(subject.store)
    await session.commit({ set: { '/status': '"active"', '/n': '5', '/context/a': '1', '/list': '[1]', '/10': 'true' } })
    await session.commit({ leaves: [{ path: '/n', value: '6', counts: [{ root: 'r', n: 1, sum: '1' }] }] })
    return { ...subject, session }
  }

  describe.runIf(can('evict'))('a record that was evicted', () => {
    it.each(LOSSES.map((parts) => [parts.join(' and '), parts] as const))(
      'is known as that, takes no change, and can be put back: %s',
      async (_, parts) => {
        const { store, session, evict } = await prepared()
        const before = await session.read()
        const { rev } = await store.hello()
        await evict!(MARY, parts)
        expect(await session.read()).toMatchObject({ evicted: true, roster: before.roster, entry: { live: true } })
        expect(await session.propose({ set: { '/status': '"x"' } })).toEqual({ is: 'evicted' })
        expect(await session.propose({ set: { '': null } })).toEqual({ is: 'evicted' })

        expect(await store.heal(session.epoch, MARY, before.roster!, before.entry!)).toBe(true)
        const after = await session.read()
        expect(after).toEqual(before)
        expect(formatLine(after.entry!.tree)).toBe(formatLine(before.entry!.tree))
        expect((await store.hello()).rev).toBe(rev)
        expect(await session.propose({ set: { '/status': '"x"' } })).toMatchObject({ is: 'committed' })
      },
    )

    it('is still a duplicate for who repeats its last change', async () => {
      const { session, evict } = await prepared()
      const { id, rev } = await session.commit({ set: { '/status': '"x"' } })
      await evict!(MARY, ['record'])
      expect(await session.propose({ id, set: { '/status': '"x"' } })).toEqual({ is: 'duplicate', rev })
    })

    it('takes a change that touches nothing no more than any other', async () => {
      const { session, evict } = await prepared()
      await evict!(MARY, ['record'])
      expect(await session.propose({ lost: [{ path: '/a', lost: '1', kept: null }] })).toEqual({ is: 'evicted' })
    })

    it('is not put back as something else than the roster says', async () => {
      const { store, session, evict } = await prepared()
      const { roster, entry } = await session.read()
      await session.commit({ set: { '/status': '"x"' } })
      await evict!(MARY, ['record'])
      expect(await store.heal(session.epoch, MARY, roster!, entry!)).toBe(false)
      expect(await store.heal(session.epoch, 'agent:rnd', roster!, entry!)).toBe(false)
      const now = (await session.read()).roster!
      expect(await store.heal('r0', MARY, now, entry!)).toBe(false)
      expect((await session.read()).evicted).toBe(true)
    })

    it('is not evicted when it was deleted', async () => {
      const { session, evict } = await prepared()
      await session.commit({ set: { '': null } })
      const before = await session.read()
      await evict!(MARY, ['record', 'stamps', 'types'])
      expect(await session.read()).toEqual(before)
      expect(await session.propose({ set: { '/a': '1' } })).toMatchObject({ is: 'committed' })
    })

    it('is known as that too when it had only been adopted', async () => {
      const { store, evict } = await make()
      const session = await Session.begin(store)
      for (const set of [{ '/a': '"1"' }, { '': '{}' }] as const) {
        await session.commit({ kind: 'adopt', target: MARY, set })
        const before = await session.read()
        await evict!(MARY, ['record'])
        expect((await session.read()).evicted).toBe(true)
        expect(await store.heal(session.epoch, MARY, before.roster!, before.entry!)).toBe(true)
        expect(await session.read()).toEqual(before)
        await session.commit({ set: { '': null } })
      }
    })

    it('has nothing to lose but what it had: without types, no types are missed', async () => {
      const { store, evict } = await make()
      const session = await Session.begin(store)
      await session.commit({ set: { '/a': '"1"' } })
      await evict!(MARY, ['types'])
      expect((await session.read()).evicted).toBe(false)
      await session.commit({ set: { '/n': '1' } })
      await evict!(MARY, ['types'])
      expect((await session.read()).evicted).toBe(true)
    })
  })

  describe.runIf(can('evict') && can('legacySet'))('what a legacy program wrote after an eviction', () => {
    it('stays when the record is put back', async () => {
      const { store, session, evict, legacySet } = await prepared()
      const before = await session.read()
      await evict!(MARY, ['record', 'stamps', 'types'])
      await legacySet!('mary', 'status', 'offline')
      await legacySet!('mary', 'n', '7')
      await legacySet!('mary', 'insight', 'x')
      expect((await session.read()).evicted).toBe(true)
      expect(await store.heal(session.epoch, MARY, before.roster!, before.entry!)).toBe(true)
      const { entry, evicted } = await session.read()
      expect(evicted).toBe(false)
      const { tree, ...known } = entry!
      expect(Object.fromEntries(tree)).toEqual({
        ...Object.fromEntries(before.entry!.tree),
        status: '"offline"',
        n: '"7"',
        insight: '"x"',
      })
      expect(known).toEqual({ ...before.entry!, tree: undefined })
    })
  })
}
