/** Watchers are told of a gap wherever a root may have missed something, and only there. */
import { expect, test } from 'vitest'
import { newsOfJoin } from '../../../src/core/news-of-join.js'
import type { Change } from '../../../src/domain/operation.js'
import { emptyReplica, type Replica } from '../../../src/domain/replica.js'
import type { Lineage, Store } from '../../../src/store/contract.js'

const restored = { epoch: 'rnew', rev: 21, prev: 20 } as Change
const store = { changesAfter: () => Promise.resolve({ changes: [restored], rev: 21 }) } as unknown as Store

const before: Replica = { ...emptyReplica(), epoch: 'rours', rev: 10, contains: new Map([['rfirst', 5]]) }
const joined: Replica = { ...before, epoch: 'rnew', rev: 21 }

const newsOf = (contained: [string, number][]) =>
  newsOfJoin(store, before, joined, { first: 20, epoch: 'rnew', contains: new Map(contained) } as Lineage)

test('where all that is contained is known here, what was brought joins on', async () => {
  const news = await newsOf([['rfirst', 5], ['rours', 10]])
  expect(news).toEqual({ is: 'changes', changes: [{ ...restored, prev: 10 }] })
})

test('of an epoch that is contained and was never followed here, something was missed', async () => {
  expect(await newsOf([['rours', 10], ['rtheirs', 3]])).toEqual({ is: 'lost', rev: 21 })
  expect(await newsOf([['rfirst', 6], ['rours', 10]])).toEqual({ is: 'lost', rev: 21 })
})

test('what the lineage has lost of ours was missed by others', async () => {
  expect(await newsOf([['rfirst', 5], ['rours', 9]])).toEqual({ is: 'lost', rev: 21 })
})
