import { expect, test } from 'vitest'
import { type Entry, emptyEntry } from '../../../src/domain/entry.js'
import { foreignChange } from '../../../src/domain/foreign-change.js'
import { parseTreeMap } from '../../../src/domain/json.js'

const STAMP = { t: 1, rev: 5, epoch: 'r1' }

const knowing = (text: string): Entry => ({ ...emptyEntry(), tree: parseTreeMap(text), live: true, rev: 5, born: 5 })

test('a value that is gone comes back with its stamp, and a sum with what it is made of', () => {
  const known = knowing('{"context":{"a":1,"n":3}}')
  known.stamps.set('/context/a', STAMP)
  known.counts.set('/context/n', new Map([['one', { n: 2, sum: '3' }]]))
  expect(foreignChange(known, parseTreeMap('{"context":{"b":2}}'))).toEqual({
    leaves: [
      { path: '/context/a', value: '1', stamp: STAMP },
      { path: '/context/n', value: '3', counts: [{ root: 'one', n: 2, sum: '3' }] },
      { path: '/context/b', value: '2' },
    ],
    inserts: [],
  })
})

test('of a list that is merged by id, entries come back and are taken one by one', () => {
  const known = knowing('{"context":{"records":[{"id":"a"},{"id":"b"}]}}')
  const { leaves, inserts } = foreignChange(known, parseTreeMap('{"context":{"records":[{"id":"b","x":1},{"id":"c"}]}}'))
  expect([leaves, inserts.map(({ value }) => value)]).toEqual([[], ['{"id":"a"}', '{"id":"b","x":1}', '{"id":"c"}']])
})

test('what a program put in the place of a list is taken as it is', () => {
  const known = knowing('{"context":{"records":[{"id":"a"}]}}')
  expect(foreignChange(known, parseTreeMap('{"context":{"records":"none"}}')).leaves).toEqual([{ path: '/context/records', value: '"none"' }])
})

test('a list that a program made longer than ours is kept whole', () => {
  const long = Array.from({ length: 25 }, (_, n) => `{"id":"${n}"}`)
  const { inserts } = foreignChange(knowing('{"context":{"records":[]}}'), parseTreeMap(`{"context":{"records":[${long.join(',')}]}}`))
  expect(inserts.map(({ keep }) => keep)).toEqual(long.map(() => 25))
})
