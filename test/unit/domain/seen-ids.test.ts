import { expect, test } from 'vitest'
import { type Seen, SeenIds } from '../../../src/domain/seen-ids.js'

const ODD = ['a b', 'a\nb', 'a\\nb', '\\', 'agent:é', 'back\\slash\\s', '\u2028', '"quoted"', '\ud800']

const PAIRS: [string, Seen][] = [
  ['one', { rev: 1 }],
  ['two', { rev: 2, target: 'agent:mary' }],
  ['three', { rev: 0, digest: 'd', t: 5 }],
  ['four', { rev: 217_000_000_000, target: 'context', digest: 'e', t: 1_795_456_994_890 }],
  ...ODD.map((text, i): [string, Seen] => [text, { rev: 10 + i, target: `agent:${text}`, digest: text }]),
]

const saved = (): SeenIds => SeenIds.of(JSON.parse(JSON.stringify(new SeenIds(PAIRS).format())) as ReturnType<SeenIds['format']>)

test('what is saved comes back, in its order', () => {
  const ids = saved()
  expect(ids.size).toBe(PAIRS.length)
  expect([...ids]).toEqual(PAIRS)
})

test.each(PAIRS)('%j is found in the text', (id, seen) => {
  expect(saved().get(id)).toEqual(seen)
  expect(saved().has(id)).toBe(true)
})

test('neither a part of an id is one, nor what stands behind it', () => {
  const ids = saved()
  for (const id of ['on', 'ne', '', '1', 'agent:mary', 'o']) expect(ids.get(id)).toBeUndefined()
})

test('who asks for many is answered as who asks for one', () => {
  const ids = saved()
  for (let i = 0; i < 10; i++) for (const [id, seen] of PAIRS) expect(ids.get(id)).toEqual(seen)
  expect(ids.has('none')).toBe(false)
  expect([...ids]).toEqual(PAIRS)
})

test('a newer one stands behind the text, and one that is set again in its place', () => {
  const ids = saved()
  ids.set('new', { rev: 99 })
  ids.set('two', { rev: 98 })
  expect(ids.get('two')).toEqual({ rev: 98 })
  expect([...SeenIds.of(ids.format()).keys()]).toEqual([...PAIRS.map(([id]) => id), 'new'])
  expect(SeenIds.of(ids.format()).get('two')).toEqual({ rev: 98 })
})

test('the oldest are let go, and no more of them than has to be, also where some were set again', () => {
  const ids = saved()
  for (const [id, seen] of PAIRS.slice(0, 4)) ids.set(id, seen)
  ids.trim(PAIRS.length, () => true)
  expect([...ids]).toEqual(PAIRS)
  ids.trim(PAIRS.length - 2, ({ digest }) => digest === undefined)
  expect([...SeenIds.of(ids.format()).keys()]).toEqual(PAIRS.slice(2).map(([id]) => id))
})

test('a copy goes its own way', () => {
  const ids = saved()
  const copy = ids.copy()
  copy.set('new', { rev: 99 })
  copy.trim(PAIRS.length, () => true)
  expect([ids.has('new'), ids.has('one')]).toEqual([false, true])
  ids.set('other', { rev: 98 })
  expect(copy.has('other')).toBe(false)
})

test('what is not asked for many ids stays text', () => {
  const text = new SeenIds(PAIRS).format()
  const ids = SeenIds.of(text)
  ids.get('two')
  ids.has('none')
  expect(ids.format()).toBe(text)
})

test('what is no such text is refused', () => {
  expect(() => SeenIds.of({ count: NaN, lines: '' })).toThrow('these are no ids')
  expect(() => SeenIds.of({ count: 1 } as never)).toThrow('these are no ids')
  expect(() => SeenIds.of({ count: 0, lines: '\none 1   ' })).toThrow('these are no ids')
})
