import { expect, test } from 'vitest'
import { Exchange, type Portion } from '../../../src/core/exchange.js'
import type { JournalKeeping } from '../../../src/core/journal-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import type { Target } from '../../../src/domain/operation.js'
import type { Store } from '../../../src/store/contract.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'

const NOW = 1_000_000
const AGENTS = 23
/** With that of the context itself. */
const RECORDS = AGENTS + 1
const PORTION: Portion = { replayMs: Infinity, records: 10 }

/** A root that has pulled everything of a store with so many agents. */
async function place() {
  const store = new MemoryStore(new MemoryServer({ now: () => NOW }))
  const { rev } = await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 10 })
  const copy = new RootCopy({ now: () => NOW })
  copy.replica = { ...copy.replica, epoch: 'r1', rev, high: rev }
  const compared: Target[][] = []
  const watched = Object.assign(Object.create(store) as MemoryStore, {
    unlike: (known: Parameters<MemoryStore['unlike']>[0]) => (compared.push([...known.keys()]), store.unlike(known)),
  })
  const ports = {
    digest: (text: string) => text,
    clock: { now: () => NOW },
    connector: { connect: (): Promise<Store> => Promise.resolve(watched) },
    root: { path: '/nowhere', append: () => Promise.resolve(), history: { add: () => Promise.resolve() } },
  } as unknown as Ports
  const exchange = new Exchange(ports, copy, {} as JournalKeeping, { beginsWhenAsked: true, ownStore: () => store })
  for (let n = 0; n < AGENTS; n++) {
    const draft = { id: `own-${n}`, t: 1_000, target: `agent:a${n}`, kind: 'set' as const, by: 'x', leaves: [{ path: '/n', value: '1' }] }
    await store.commit({ epoch: 'r1', floor: 0, draft, before: undefined, expect: {} })
  }
  await exchange.run([])
  compared.length = 0
  return { exchange, compared, copy }
}

test('of a look at all records a round compares a portion, and those that it was told of', async () => {
  const { exchange, compared } = await place()
  await exchange.run('all', PORTION)
  expect(exchange.isUnfinished).toBe(true)
  await exchange.run(['agent:a1'], PORTION)
  expect(exchange.isUnfinished).toBe(true)
  await exchange.run([], PORTION)
  expect(exchange.isUnfinished).toBe(false)
  await exchange.run([], PORTION)
  expect(compared.map(({ length }) => length)).toEqual([10, 11, RECORDS - 20])
  expect(new Set(compared.flat()).size).toBe(RECORDS)
})

test('without a portion a round compares all', async () => {
  const { exchange, compared } = await place()
  await exchange.run('all')
  expect(exchange.isUnfinished).toBe(false)
  expect(compared.map(({ length }) => length)).toEqual([RECORDS])
})
