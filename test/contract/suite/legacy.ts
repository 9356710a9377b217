import { describe, expect, it } from 'vitest'
import type { Tree } from '../../../src/domain/json.js'
import type { Subject } from '../store-contract.js'
import { MARY, Session, type StoreUnderTest, tokensOf } from './session.js'

export function describeLegacy({ make, can }: Subject): void {
  const prepared = async (): Promise<Required<Pick<StoreUnderTest, 'legacySet' | 'store'>> & { session: Session }> => {
    const { store, legacySet } = await make()
    return { store, legacySet: legacySet!, session: await Session.begin(store) }
  }
  const members = async (session: Session): Promise<Record<string, Tree>> => Object.fromEntries((await session.entry()).tree)

  describe.runIf(can('legacySet'))('what a legacy program writes', () => {
    it('is a string, whatever it looks like', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/n': '5', '/flag': 'true', '/list': '[1]', '/text': '"a\\nb"', '/s': '"x"' } })
      await legacySet('mary', 'n', '6')
      await legacySet('mary', 'flag', 'false')
      await legacySet('mary', 'list', '[1,2]')
      await legacySet('mary', 'text', '"c\\nd"')
      await legacySet('mary', 's', 'y')
      await legacySet('mary', 'new', '1')
      expect(await members(session)).toEqual({
        n: '"6"', flag: '"false"', list: '"[1,2]"', text: '"\\"c\\\\nd\\""', s: '"y"', new: '"1"',
      })
    })

    it('is no change where it is the text that stands there', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/n': '5', '/s': '"x"' } })
      const before = await session.read()
      await legacySet('mary', 'n', '5')
      await legacySet('mary', 's', 'x')
      expect(await session.read()).toEqual(before)
    })

    it('has neither stamp nor revision', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/s': '"x"' } })
      const before = await session.read()
      await legacySet('mary', 's', 'y')
      await legacySet('mary', 'new', 'z')
      const after = await session.read()
      expect(after.roster).toEqual(before.roster)
      expect(after.entry!.stamps).toEqual(before.entry!.stamps)
      expect(after.entry!.rev).toBe(before.entry!.rev)
    })

    it('makes stale who read the field before', async () => {
      const { store, session, legacySet } = await prepared()
      await session.commit({ set: { '/s': '"x"', '/n': '5' } })
      const proposal = await session.proposal({ set: { '/n': '6' } }, { expect: { fields: tokensOf(await session.read(), ['n']) } })
      await legacySet('mary', 's', 'y')
      await legacySet('mary', 'n', '7')
      expect(await store.commit(proposal)).toEqual({ is: 'stale' })
    })

    it('as context is an object, or else nothing', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/context/a': '1' } })
      await legacySet('mary', 'context', '{ "b": 1.10, "10": {} }')
      expect((await session.entry()).tree.get('context')).toEqual(new Map<string, Tree>([['b', '1.10'], ['10', new Map()]]))
      for (const text of ['', 'text', '5', '[]', '"{}"', '{"a":', '{"a":1,"a":2}']) {
        await legacySet('mary', 'context', text)
        expect((await session.entry()).tree.has('context')).toBe(false)
      }
      expect((await session.read()).tokens.has('context')).toBe(true)
      await session.commit({ set: { '/context/c': '2' } })
      expect((await session.entry()).tree.get('context')).toEqual(new Map([['c', '2']]))
    })

    it('makes a record that no roster knows, and that can be adopted', async () => {
      const { store, session, legacySet } = await prepared()
      await legacySet('paula', 'status', 'active')
      await legacySet('paula', 'context', '{"a":1}')
      expect(await store.targets()).toEqual(['agent:paula'])
      const { roster, entry, tokens, evicted } = await session.read('agent:paula')
      expect([roster, evicted]).toEqual([null, false])
      expect([...tokens.keys()].sort()).toEqual(['context', 'status'])
      expect(entry).toMatchObject({ rev: 0, stamps: new Map(), counts: new Map() })
      expect(Object.fromEntries(entry!.tree)).toEqual({ status: '"active"', context: new Map([['a', '1']]) })

      const wanted = { target: 'agent:paula', kind: 'adopt', set: { '/status': '"active"', '/context/a': '1' } } as const
      const { rev } = await session.commit(wanted, { expect: { roster: null, fields: tokensOf({ roster, entry, tokens, evicted }, tokens.keys()) } })
      expect((await session.read('agent:paula')).roster).toEqual({ live: true, rev: 0, born: rev })
      expect([...(await session.entry('agent:paula')).stamps.keys()].sort()).toEqual(['/context/a', '/status'])
    })

    it('before the first change of ours stays in the record', async () => {
      const { session, legacySet } = await prepared()
      await legacySet('mary', 'insight', 'x')
      const { rev } = await session.commit({ set: { '/status': '"active"' } })
      expect((await session.read()).roster).toEqual({ live: true, rev, born: rev })
      expect(await members(session)).toEqual({ insight: '"x"', status: '"active"' })
      expect([...(await session.entry()).stamps.keys()]).toEqual(['/status'])
    })

    it('after a deletion is seen, and the record is still deleted', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/a': '1', '/s': '"x"' } })
      await session.commit({ set: { '': null } })
      await legacySet('mary', 's', 'back')
      const { roster, entry, tokens, evicted } = await session.read(MARY)
      expect([roster?.live, entry?.live, evicted]).toEqual([false, false, false])
      expect(Object.fromEntries(entry!.tree)).toEqual({ s: '"back"' })
      expect([...tokens.keys()]).toEqual(['s'])
      const { rev } = await session.commit({ kind: 'legacy', set: { '/s': '"back"' } })
      expect(await session.read()).toMatchObject({ roster: { live: true, rev, born: rev }, entry: { live: true } })
    })

    it('goes with the record when that is deleted', async () => {
      const { session, legacySet } = await prepared()
      await session.commit({ set: { '/s': '"x"' } })
      await legacySet('mary', 'insight', 'x')
      await session.commit({ set: { '': null } })
      expect(await session.entry()).toMatchObject({ live: false, tree: new Map() })
    })

    it('over the revision counts as a loss, which is put back', async () => {
      const { store, session, legacySet } = await prepared()
      await session.commit({ set: { '/s': '"x"' } })
      const before = await session.read()
      await legacySet('mary', 'rev', '999')
      expect(await session.read()).toMatchObject({ evicted: true })
      expect(await store.heal(session.epoch, MARY, before.roster!, before.entry!)).toBe(true)
      expect(await session.read()).toEqual(before)
    })
  })
}
