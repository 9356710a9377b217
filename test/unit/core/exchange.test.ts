import { expect, test } from 'vitest'
import { Exchange } from '../../../src/core/exchange.js'
import { HistoryKeeping } from '../../../src/core/history-keeping.js'
import type { JournalKeeping } from '../../../src/core/journal-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import type { Portion } from '../../../src/core/portion.js'
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
  const server = new MemoryServer({ now: () => NOW })
  const store = new MemoryStore(server)
  const { rev } = await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 10 })
  const copy = new RootCopy({ now: () => NOW })
  copy.replica = { ...copy.replica, epoch: 'r1', rev, high: rev }
  const compared: Target[][] = []
  const watched = Object.assign(Object.create(store) as MemoryStore, {
    unlike: (known: Parameters<MemoryStore['unlike']>[0]) => (compared.push([...known.keys()]), store.unlike(known)),
  })
  let ids = 0
  const link = { isBroken: false, isHistoryClosed: false }
  const ports = {
    digest: (text: string) => text,
    clock: { now: () => NOW },
    connector: { connect: (): Promise<Store | null> => Promise.resolve(link.isBroken ? null : watched) },
    randomId: () => `${++ids}`.padStart(32, '0'),
    tell: () => undefined,
    root: { path: '/nowhere', append: () => Promise.resolve(), history: { add: () => (link.isHistoryClosed ? Promise.reject(new Error('closed')) : Promise.resolve()) } },
  } as unknown as Ports
  const exchange = new Exchange(ports, copy, { history: new HistoryKeeping(ports), save: () => Promise.resolve() } as unknown as JournalKeeping, { beginsWhenAsked: true, ownStore: () => store })
  for (let n = 0; n < AGENTS; n++) {
    const draft = { id: `own-${n}`, t: 1_000, target: `agent:a${n}`, kind: 'set' as const, by: 'x', leaves: [{ path: '/n', value: '1' }] }
    await store.commit({ epoch: 'r1', floor: 0, draft, before: undefined, expect: {} })
  }
  const run = (touched: readonly Target[] | 'all', portion?: Portion): Promise<void> => {
    exchange.note(touched)
    return exchange.run(portion)
  }
  await run([])
  compared.length = 0
  return { exchange, run, compared, copy, server, store, link }
}

test('of a look at all records a round compares a portion, and those that it was told of', async () => {
  const { exchange, run, compared } = await place()
  await run('all', PORTION)
  expect(exchange.isUnfinished).toBe(true)
  await run(['agent:a1'], PORTION)
  expect(exchange.isUnfinished).toBe(true)
  await run([], PORTION)
  expect(exchange.isUnfinished).toBe(false)
  await run([], PORTION)
  expect(compared.map(({ length }) => length)).toEqual([10, 11, RECORDS - 20])
  expect(new Set(compared.flat()).size).toBe(RECORDS)
})

test('without a portion a round compares all', async () => {
  const { exchange, run, compared } = await place()
  await run('all')
  expect(exchange.isUnfinished).toBe(false)
  expect(compared.map(({ length }) => length)).toEqual([RECORDS])
})

test('what a round could not compare is compared by the next one that can', async () => {
  const { run, compared, link } = await place()
  link.isBroken = true
  await run(['agent:a1'])
  await run('all')
  expect(compared).toEqual([])
  link.isBroken = false
  await run(['agent:a2'])
  expect(compared.map(({ length }) => length)).toEqual([RECORDS])
  link.isBroken = true
  await run(['agent:a3'])
  link.isBroken = false
  await run([])
  expect(compared[1]).toEqual(['agent:a3'])
})

test('of a record that waits for a write what was evicted is put back, and then the write goes', async () => {
  const { exchange, run, copy, server, store } = await place()
  server.evict('agent:a1', ['stamps'])
  const op = { id: 'late', t: 2_000, target: 'agent:a1', kind: 'set' as const, base: 0, baseEpoch: 'r1', by: 'x', root: 'own', edits: [{ do: 'set' as const, path: '/n', value: '2' }] }
  copy.open.add({ op })
  await run([])
  expect(exchange.isUnfinished).toBe(true)
  await run([])
  expect(exchange.isUnfinished).toBe(false)
  expect((await store.read('agent:a1')).entry?.tree.get('n')).toBe('2')
})

test('a look at all records that begins while one is not through goes on with it', async () => {
  const { run, compared } = await place()
  for (let round = 0; round < 3; round++) await run('all', PORTION)
  expect(new Set(compared.flat()).size).toBe(RECORDS)
})

test('rounds that do not come to the end of the lineage are counted, until one does', async () => {
  const { exchange, run, store } = await place()
  const { changesAfter } = store
  store.changesAfter = async () => ({ changes: [{ epoch: 'another', rev: Infinity } as never], rev: 1 })
  for (let n = 0; n < 3; n++) await run([])
  expect(exchange.roundsBehind).toBe(3)
  store.changesAfter = changesAfter
  await run([])
  expect(exchange.roundsBehind).toBe(0)
})

test('a history that takes nothing does not keep a root out of another lineage', async () => {
  const { run, copy, server, store, link } = await place()
  server.restart({ keep: 'all' })
  await store.beginEpoch(await store.hello(), { epoch: 'r2', atLeast: copy.replica.rev + 1 })
  const draft = { id: 'news', t: 1_000, target: 'agent:new', kind: 'set' as const, by: 'x', leaves: [{ path: '/n', value: '1' }] }
  await store.commit({ epoch: 'r2', floor: 0, draft, before: undefined, expect: {} })
  link.isHistoryClosed = true
  await run([])
  expect(copy.replica.epoch).toBe('r2')
  expect([...copy.replica.entries.keys()]).toContain('agent:new')
})
