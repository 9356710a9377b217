import { describe, expect, it } from 'vitest'
import { formatLine } from '../../../src/domain/json.js'
import { CONTEXT } from '../../../src/domain/operation.js'
import type { Subject } from '../store-contract.js'
import { MARY, Session } from './session.js'

export function describeLife({ make }: Subject): void {
  describe('a record', () => {
    it('is nothing before its first change', async () => {
      const session = await Session.begin((await make()).store)
      expect(await session.read()).toEqual({ roster: null, entry: undefined, tokens: new Map(), evicted: false })
      expect(await session.store.targets()).toEqual([])
    })

    it('is born with its first change and has the revision of its last', async () => {
      const session = await Session.begin((await make()).store)
      const born = (await session.commit({ set: { '/status': '"active"' } })).rev
      const { rev } = await session.commit({ set: { '/context/a': '1' } })
      const { roster, entry, evicted } = await session.read()
      expect(roster).toEqual({ live: true, rev, born })
      expect(entry).toMatchObject({ live: true, rev, born })
      expect(formatLine(entry!.tree)).toBe('{"status":"active","context":{"a":1}}')
      expect(evicted).toBe(false)
    })

    it('that is adopted has no revision until it is changed', async () => {
      const session = await Session.begin((await make()).store)
      const born = (await session.commit({ kind: 'adopt', set: { '/status': '"active"', '/n': '1' } })).rev
      expect((await session.read()).roster).toEqual({ live: true, rev: 0, born })
      expect(await session.entry()).toMatchObject({ rev: 0, born, live: true })
      const { rev } = await session.commit({ set: { '/n': '2' } })
      expect((await session.read()).roster).toEqual({ live: true, rev, born })
      expect((await session.read()).evicted).toBe(false)
    })

    it('that is adopted into what is there keeps the revision', async () => {
      const session = await Session.begin((await make()).store)
      const { rev } = await session.commit({ set: { '/a': '1' } })
      await session.commit({ kind: 'adopt', set: { '/b': '1' } })
      expect((await session.read()).roster).toEqual({ live: true, rev, born: rev })
      expect((await session.read()).evicted).toBe(false)
    })

    it.each(['adopt', 'set'] as const)('may be empty (%s)', async (kind) => {
      const session = await Session.begin((await make()).store)
      await session.commit({ kind, set: { '': '{}' } })
      const { roster, entry, evicted } = await session.read()
      expect(roster?.live).toBe(true)
      expect(entry).toMatchObject({ live: true, tree: new Map() })
      expect(evicted).toBe(false)
      expect(await session.propose({ set: { '/a': '1' } })).toMatchObject({ is: 'committed' })
      await session.commit({ set: { '/a': null } })
      expect(await session.read()).toMatchObject({ evicted: false, entry: { live: true, tree: new Map() } })
    })

    it('that is deleted is remembered as that, with nothing but when', async () => {
      const session = await Session.begin((await make()).store)
      const born = (await session.commit({ set: { '/status': '"a"', '/context/x': '1' } })).rev
      await session.commit({ leaves: [{ path: '/n', value: '1', counts: [{ root: 'r', n: 1, sum: '1' }] }] })
      const { rev, epoch } = await session.commit({ t: 77, kind: 'delete', set: { '': null } })
      const deleted = { t: 77, rev, epoch }
      const { roster, entry, tokens, evicted } = await session.read()
      expect(roster).toEqual({ live: false, rev, born, deleted })
      expect(entry).toEqual({ live: false, rev, born, tree: new Map(), stamps: new Map([['', deleted]]), counts: new Map() })
      expect(tokens).toEqual(new Map())
      expect(evicted).toBe(false)
      expect(await session.store.targets()).toEqual([MARY])
    })

    it('that is deleted with an older stamp keeps that one', async () => {
      const session = await Session.begin((await make()).store)
      const deleted = { t: 5, rev: 3, epoch: 'r0' }
      await session.commit({ kind: 'restore', leaves: [{ path: '', value: null, stamp: deleted }] })
      expect(await session.read()).toMatchObject({ roster: { live: false, deleted }, entry: { stamps: new Map([['', deleted]]) } })
    })

    it('that comes again is born again, without what it was, and still knows when it was deleted', async () => {
      const session = await Session.begin((await make()).store)
      await session.commit({ set: { '/old': '1', '/context/x': '1' } })
      const gone = await session.commit({ t: 77, set: { '': null } })
      const { rev, epoch } = await session.commit({ t: 88, set: { '/status': '"b"' } })
      const { roster, entry } = await session.read()
      expect(roster).toEqual({ live: true, rev, born: rev })
      expect(formatLine(entry!.tree)).toBe('{"status":"b"}')
      expect(entry!.stamps).toEqual(
        new Map([
          ['', { t: 77, rev: gone.rev, epoch }],
          ['/status', { t: 88, rev, epoch }],
        ]),
      )
    })

    it('that is adopted after a deletion has no revision', async () => {
      const session = await Session.begin((await make()).store)
      await session.commit({ set: { '/a': '1' } })
      await session.commit({ set: { '': null } })
      const { rev } = await session.commit({ kind: 'adopt', set: { '/b': '1' } })
      expect(await session.read()).toMatchObject({ roster: { live: true, rev: 0, born: rev }, evicted: false })
    })

    it('is listed among the targets, live or deleted', async () => {
      const session = await Session.begin((await make()).store)
      const targets = [CONTEXT, 'agent:gone', 'agent:a:b', 'agent:ชื่อ', MARY]
      for (const target of targets) await session.commit({ target, set: { '/a': '"1"' } })
      await session.commit({ target: 'agent:gone', set: { '': null } })
      expect((await session.store.targets()).sort()).toEqual(targets.sort())
    })
  })
}
