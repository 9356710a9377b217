import { expect, test } from 'vitest'
import type { Keeper } from '../../../src/core/keeper.js'
import type { Ports } from '../../../src/core/ports.js'
import type { SingleRounds } from '../../../src/core/rounds.js'
import { SingleFeed } from '../../../src/core/single-feed.js'
import type { Change } from '../../../src/domain/operation.js'

const change = (rev: number): Change => ({ id: `w${rev}`, t: rev, target: 'agent:mary', kind: 'set', by: 'me', leaves: [], rev, prev: rev - 1, epoch: 'r1' })

/** What the history and the shared store have; `null`: the store does not answer. */
async function feedOf(history: number[], store: number[] | null) {
  let rev = 1
  const connector = { connect: () => Promise.resolve(store === null ? null : { changesAfter: () => Promise.resolve({ changes: store.map(change), rev }) }) }
  const local = { after: (after: number) => Promise.resolve(history.filter((at) => at > after).map(change)) }
  const ports = { connector }
  const view = { history: local, get replica() { return { rev } } } as unknown as Keeper
  const rounds = { settle: () => Promise.resolve(view), follow: () => Promise.resolve(view) } as unknown as SingleRounds
  const single = new SingleFeed(ports as unknown as Ports, rounds)
  await single.begin()
  rev = 4
  await single.look()
  const { changes, complete } = await single.feed.changesAfter(1)
  return { revs: changes.map((one) => one.rev), complete }
}

test.each([
  ['the history has all', [2, 3, 4], null, { revs: [2, 3, 4], complete: true }],
  ['a full disk kept some out of the history, and the store has them', [2, 4], [2, 3, 4], { revs: [2, 3, 4], complete: true }],
  ['nobody has them any more', [2, 4], [4], { revs: [], complete: false }],
  ['the store is away', [2, 4], null, { revs: [], complete: false }],
])('watchers without a hub miss no change, or are told of a gap: %s', async (_, history, store, told) => {
  expect(await feedOf(history, store)).toEqual(told)
})
