import { describe, expect, it } from 'vitest'
import { formatLine } from '../../../src/domain/json.js'
import type { Change, Stamp } from '../../../src/domain/operation.js'
import type { Subject } from '../store-contract.js'
import { Session } from './session.js'

const RECORDS = '/context/records'
const stampOf = ({ t, rev, epoch }: Change): Stamp => ({ t, rev, epoch })

export function describeStamps({ make }: Subject): void {
  const begin = async (): Promise<Session> => Session.begin((await make()).store)

  describe('a leaf', () => {
    it('has the stamp of the change that set or deleted it, or the one that it came with', async () => {
      const session = await begin()
      const older = { t: 3, rev: 2, epoch: 'r0' }
      const first = await session.commit({ t: 50, set: { '/a': '1', '/b': '2' } })
      const second = await session.commit({
        t: 60,
        leaves: [
          { path: '/b', value: null },
          { path: '/c', value: '3', stamp: older },
        ],
      })
      expect((await session.entry()).stamps).toEqual(
        new Map([
          ['/a', stampOf(first)],
          ['/b', stampOf(second)],
          ['/c', older],
        ]),
      )
    })

    it('that replaces an object takes the place of everything below; an object that is made sure of does not', async () => {
      const session = await begin()
      await session.commit({ set: { '/context/a/x': '1', '/context/a/y': '2', '/context/ab': '3', '/contextual': '4' } })
      await session.commit({ set: { '/context/a': '{}' } })
      expect([...(await session.entry()).stamps.keys()].sort()).toEqual(
        ['/context/a', '/context/a/x', '/context/a/y', '/context/ab', '/contextual'].sort(),
      )
      await session.commit({ set: { '/context/a': '"text"' } })
      expect([...(await session.entry()).stamps.keys()].sort()).toEqual(['/context/a', '/context/ab', '/contextual'])
      await session.commit({ set: { '/context': null } })
      expect([...(await session.entry()).stamps.keys()].sort()).toEqual(['/context', '/contextual'])
    })

    it('that is set twice by one change is what it was set to last', async () => {
      const session = await begin()
      await session.commit({
        leaves: [
          { path: '/context/a', value: '1' },
          { path: '/context', value: null },
          { path: '/context/b', value: '2' },
          { path: '/c', value: '3' },
          { path: '/c', value: null },
        ],
      })
      const entry = await session.entry()
      expect(formatLine(entry.tree)).toBe('{"context":{"b":2}}')
      expect([...entry.stamps.keys()].sort()).toEqual(['/c', '/context', '/context/b'])
    })

    it('may have any name', async () => {
      const session = await begin()
      const paths = ['/a b', '/a~1b', '/a~0b', '/context/ไทย/😀', '/context/a\nb', '/context/+r x', '/#a', '/context/\ud800', '/', '/context/']
      const change = await session.commit({ set: Object.fromEntries(paths.map((path) => [path, '1'])) })
      expect((await session.entry()).stamps).toEqual(new Map(paths.map((path) => [path, stampOf(change)])))
    })

    it('may be one of thousands', async () => {
      const session = await begin()
      const paths = Array.from({ length: 3_000 }, (_, n) => [`/f${n}`, `/context/a/${n}`]).flat()
      await session.commit({ set: Object.fromEntries(paths.map((path) => [path, '1'])) })
      await session.commit({ set: Object.fromEntries(paths.map((path, n) => [path, n % 3 === 0 ? null : '2'])) })
      const entry = await session.entry()
      expect(entry.stamps.size).toBe(6_000)
      expect(entry.tree.size).toBe(1 + 2_000)
    })
  })

  describe('a sum', () => {
    it('knows how often each root has added, and has no stamp of its own', async () => {
      const session = await begin()
      const set = await session.commit({ set: { '/context/n': '10' } })
      const counts = (root: string, n: number, sum: string): { root: string; n: number; sum: string }[] => [{ root, n, sum }]
      await session.commit({ leaves: [{ path: '/context/n', value: '11', counts: counts('root a', 1, '1') }] })
      await session.commit({ leaves: [{ path: '/context/n', value: '13.5', counts: counts('b', 1, '2.5') }] })
      const last = await session.commit({ leaves: [{ path: '/context/n', value: '14.5', counts: counts('root a', 2, '2') }] })
      const entry = await session.entry()
      expect(formatLine(entry.tree)).toBe('{"context":{"n":14.5}}')
      expect(entry.stamps).toEqual(new Map([['/context/n', stampOf(set)]]))
      expect(entry.rev).toBe(last.rev)
      expect(entry.counts).toEqual(
        new Map([
          [
            '/context/n',
            new Map([
              ['root a', { n: 2, sum: '2' }],
              ['b', { n: 1, sum: '2.5' }],
            ]),
          ],
        ]),
      )
    })
  })

  describe('a list that is merged by id', () => {
    const item = (id: string, second: number): string => `{"id":"${id}","timestamp":"2025-11-12T08:00:0${second}Z"}`
    const idsOf = async (session: Session): Promise<string[]> => {
      const context = (await session.entry()).tree.get('context')
      return [...formatLine(context!).matchAll(/"id":"(\w+)"/g)].map(([, id]) => id!)
    }
    const insert = (session: Session, id: string, second: number, keep = 20): Promise<Change> =>
      session.commit({ inserts: [{ path: RECORDS, value: item(id, second), keep }] })

    it('is in the order of time, has each id once, and keeps the last ones', async () => {
      const session = await begin()
      await insert(session, 'b', 2)
      await insert(session, 'd', 4)
      await insert(session, 'a', 1)
      await insert(session, 'c', 3)
      expect(await idsOf(session)).toEqual(['a', 'b', 'c', 'd'])
      await insert(session, 'a', 5)
      expect(await idsOf(session)).toEqual(['b', 'c', 'd', 'a'])
      await insert(session, 'e', 6, 3)
      expect(await idsOf(session)).toEqual(['d', 'a', 'e'])
    })

    it('takes entries and leaves of one change', async () => {
      const session = await begin()
      await session.commit({
        set: { '/status': '"active"', '/context/last_task': '"b"' },
        inserts: [
          { path: RECORDS, value: item('a', 1), keep: 20 },
          { path: RECORDS, value: item('b', 2), keep: 20 },
        ],
      })
      expect(await idsOf(session)).toEqual(['a', 'b'])
      expect([...(await session.entry()).stamps.keys()].sort()).toEqual(['/context/last_task', '/status'])
    })
  })
}
