import { beforeEach, describe, expect, it } from 'vitest'
import { CONTEXT, TASK_LIST } from '../../../src/domain/operation.js'
import type { Store } from '../../../src/store/contract.js'
import { AGENT, commit, draftOf, lineOf, type MakeStore, readLive, set, started, TASK, unset } from './harness.js'

/** Leaves that have broken other stores: each has to come out as it went in. */
const VALUES: readonly string[] = [
  '"active"',
  '""',
  '"5"',
  '5',
  '-0',
  '1.10',
  '1E5',
  '12345678901234567890',
  '0.1000000000000000055511151231257827',
  'true',
  '"true"',
  'null',
  '"null"',
  '[]',
  '[[],{},"",1.10,{"10":1,"2":[null]}]',
  '"สวัสดี 🙂 é"',
  JSON.stringify('two\nlines\r\n\ttab'),
  JSON.stringify('\u0000\u0001\u007f\u0085\u2028\u2029'),
  JSON.stringify('half of a pair \ud83d'),
  JSON.stringify(`quotes " ' and \\ \${x} $(rm -rf ~) \`id\` %s {{x}}`),
  JSON.stringify('{"looks":"like JSON"}'),
  JSON.stringify('x'.repeat(100_000)),
]

const NAMES: readonly string[] = ['10', '2', '__proto__', 'constructor', '', 'a/b~c', 'a b', 'ชื่อ', 'a\nb', '"quoted"', '"a\\nb"', '\ud800x']

const pointer = (...names: string[]): string => names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export function recordContract(make: MakeStore): void {
  describe('a record', () => {
    let store: Store
    beforeEach(async () => {
      store = (await started(make)).store
    })

    it('has come to be with its first change, and has the revision of its last one', async () => {
      const first = await commit(store, draftOf([set('/status', '"active"')]))
      const last = await commit(store, draftOf([set('/n', '1')]))
      const stored = await readLive(store)
      expect(stored.roster).toEqual({ live: true, rev: last.rev, born: first.rev })
      expect(stored.entry).toMatchObject({ live: true, rev: last.rev, born: first.rev })
      expect(stored.evicted).toBe(false)
    })

    for (const target of [AGENT, CONTEXT, TASK, TASK_LIST]) {
      it(`of ${target} gives every value back as it came, as a member and inside its context`, async () => {
        const leaves = VALUES.flatMap((value, at) => [set(`/m${at}`, value), set(`/context/m${at}`, value)])
        await commit(store, draftOf(leaves, { target }))
        const { entry } = await readLive(store, target)
        const context = entry.tree.get('context')
        for (const [at, value] of VALUES.entries()) {
          expect(entry.tree.get(`m${at}`)).toBe(value)
          expect(typeof context === 'object' && context.get(`m${at}`)).toBe(value)
        }
      })

      it(`of ${target} keeps every name, and the order of its members`, async () => {
        const names = [...NAMES, 'z', 'a']
        await commit(store, draftOf([set('/z', '1'), ...NAMES.map((name) => set(pointer('context', name), '1'))], { target }))
        await commit(store, draftOf(names.map((name) => set(pointer(name), '"v"')), { target }))
        const { entry } = await readLive(store, target)
        expect([...entry.tree.keys()]).toEqual(['z', 'context', ...names.filter((name) => name !== 'z')])
        const context = entry.tree.get('context')
        expect(typeof context === 'object' && [...context.keys()]).toEqual(NAMES)
        for (const name of names) expect(entry.stamps.has(pointer(name))).toBe(true)
      })
    }

    it('keeps the difference between an empty object, an empty list and nothing', async () => {
      await commit(store, draftOf([set('/o', '{}'), set('/l', '[]'), set('/context', '{}'), set('/deep/o', '{}')]))
      expect(await lineOf(store)).toBe('{"o":{},"l":[],"context":{},"deep":{"o":{}}}')
    })

    it('whose context was made a text or a list is read back as that', async () => {
      await commit(store, draftOf([set('/context', '"text"')]))
      expect(await lineOf(store)).toBe('{"context":"text"}')
      await commit(store, draftOf([set('/context', '[1]')]))
      expect(await lineOf(store)).toBe('{"context":[1]}')
      await commit(store, draftOf([set('/context/a', '1')]))
      expect(await lineOf(store)).toBe('{"context":{"a":1}}')
    })

    it('without any member is there', async () => {
      await commit(store, draftOf([set('', '{}')]))
      await commit(store, draftOf([set('', '{}')], { target: 'agent:adopted', kind: 'adopt' }))
      expect((await readLive(store)).entry.tree.size).toBe(0)
      const adopted = await readLive(store, 'agent:adopted')
      expect(adopted).toMatchObject({ evicted: false, roster: { rev: 0 }, entry: { rev: 0 } })
    })

    it('changes a deep leaf and leaves its neighbours alone', async () => {
      await commit(store, draftOf([set('/context/a/b', '1'), set('/context/a/c', '2'), set('/context/d', '3')]))
      await commit(store, draftOf([set('/context/a/b', '9'), unset('/context/d'), set('/context/a/e', '4')]))
      expect(await lineOf(store)).toBe('{"context":{"a":{"b":9,"c":2,"e":4}}}')
    })

    it('loses a member that is deleted, and a deleted and new member stands last', async () => {
      await commit(store, draftOf([set('/a', '1'), set('/b', '2'), set('/c', '3')]))
      await commit(store, draftOf([unset('/a'), unset('/never')]))
      expect(await lineOf(store)).toBe('{"b":2,"c":3}')
      await commit(store, draftOf([set('/a', '4')]))
      expect(await lineOf(store)).toBe('{"b":2,"c":3,"a":4}')
    })

    it('that is adopted has no revision until it is changed; the context has', async () => {
      const { rev } = await commit(store, draftOf([set('/status', '"a"')], { kind: 'adopt' }))
      expect((await readLive(store)).roster).toEqual({ live: true, rev: 0, born: rev })
      expect((await store.hello()).rev).toBe(rev)
      const changed = await commit(store, draftOf([set('/status', '"b"')]))
      expect((await readLive(store)).roster).toEqual({ live: true, rev: changed.rev, born: rev })
      await commit(store, draftOf([set('/n', '1')], { kind: 'adopt' }))
      expect((await readLive(store)).entry.rev).toBe(changed.rev)
    })

    it('that is deleted leaves a tombstone with its stamp, and nothing else', async () => {
      await commit(store, draftOf([set('/a', '1'), set('/context/b', '2'), { path: '/n', value: '3', counts: [{ root: 'r', n: 1, sum: '3' }] }]))
      const { rev, t, epoch } = await commit(store, draftOf([unset('')], { kind: 'delete' }))
      const { roster, entry, tokens, evicted } = await store.read(AGENT)
      expect(roster).toEqual({ live: false, rev, born: roster?.born, deleted: { t, rev, epoch } })
      expect(entry?.tree.size).toBe(0)
      expect(entry?.stamps).toEqual(new Map([['', { t, rev, epoch }]]))
      expect(entry?.counts.size).toBe(0)
      expect([entry?.live, tokens.size, evicted]).toEqual([false, 0, false])
      expect(await store.targets()).toContain(AGENT)
    })

    it('that is made again after a deletion is a new one that knows when the old one went', async () => {
      await commit(store, draftOf([set('/a', '1')]))
      const gone = await commit(store, draftOf([unset('')], { kind: 'delete' }))
      const again = await commit(store, draftOf([set('/b', '2')]))
      const { roster, entry } = await readLive(store)
      expect(roster).toEqual({ live: true, rev: again.rev, born: again.rev })
      expect(await lineOf(store)).toBe('{"b":2}')
      expect(entry.stamps.get('')?.rev).toBe(gone.rev)
      expect([...entry.stamps.keys()].sort()).toEqual(['', '/b'])
    })

    it('that is adopted after a deletion has no revision', async () => {
      await commit(store, draftOf([set('/a', '1')]))
      await commit(store, draftOf([unset('')], { kind: 'delete' }))
      await commit(store, draftOf([set('/b', '2')], { kind: 'adopt' }))
      const stored = await readLive(store)
      expect(stored).toMatchObject({ evicted: false, roster: { rev: 0 }, entry: { rev: 0 } })
    })

    it('of hundreds of members is written and deleted as a whole', async () => {
      const leaves = Array.from({ length: 3_000 }, (_, at) => set(`/f${at}`, at % 2 === 0 ? String(at) : `"${at}"`))
      await commit(store, draftOf(leaves))
      expect((await readLive(store)).entry.tree.size).toBe(3_000)
      await commit(store, draftOf(leaves.map(({ path }) => unset(path)).slice(1)))
      expect(await lineOf(store)).toBe('{"f0":0}')
    })
  })
}
