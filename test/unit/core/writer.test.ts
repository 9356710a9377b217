import { expect, test } from 'vitest'
import type { Keeper } from '../../../src/core/keeper.js'
import type { Mode } from '../../../src/core/mode.js'
import type { Ports } from '../../../src/core/ports.js'
import { Fate } from '../../../src/core/fate.js'
import type { WriteOutcome, WriteRequest } from '../../../src/core/memory.js'
import { type KeeperAccess, Writer } from '../../../src/core/writer.js'
import { SeenIds } from '../../../src/domain/seen-ids.js'
import { NotTaken, StoreUnavailable } from '../../../src/errors/errors.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'
import type { Glance, JournalLine } from '../../../src/store/root.js'

const AT_A_GLANCE: Glance = { epoch: null, rev: 0, high: 0, skewMs: 0, lastT: 0, pending: 3 }

/** A root whose keeper has no time for a round; `about`: what the journal says of the write afterwards. */
async function write(about: Glance['about'], mode: Mode) {
  const journal: JournalLine[] = []
  const asked: (string | undefined)[] = []
  let views = 0
  const access = {
    facts: (id?: string) => (asked.push(id), Promise.resolve({ ...AT_A_GLANCE, ...(id !== undefined && about !== undefined && { about }) })),
    settle: () => Promise.resolve(null),
    view: () => {
      views++
      return Promise.resolve({ revisionOf: () => 8, pending: () => 0, mode } as unknown as Keeper)
    },
    mode: () => mode,
    has: () => false,
    known: () => undefined,
  } as unknown as KeeperAccess
  const root = { prepare: () => Promise.resolve(), id: () => Promise.resolve('r'), append: async (line: JournalLine) => void journal.push(line) }
  const ports = { root, clock: { now: () => 1_000 }, connector: { connect: () => Promise.resolve(null) } } as unknown as Ports
  const request = { target: 'agent:mary', kind: 'set' as const, by: 'x', edits: [{ do: 'set' as const, path: '/status', value: '"new"' }] }
  const outcome = await new Writer(ports, access).write(request, { id: 'w1' })
  expect(journal).toHaveLength(1)
  return { outcome, views, asked }
}

test.each<[string, Glance['about'], Mode, object]>([
  ['still waits', {}, 'away', { rev: null, durability: 'file', pending: 3 }],
  ['was sent by somebody else', { rev: 7 }, 'online', { rev: 7, durability: 'redis', pending: 3 }],
  ['was sent, and Redis went away again', { rev: 7 }, 'away', { rev: 7, durability: 'file', pending: 3 }],
  ['changed nothing', { rev: 0 }, 'online', { rev: null, durability: 'file', pending: 3 }],
  ['was numbered with files only', { rev: 7 }, 'off', { rev: 7, durability: 'file', pending: 0 }],
])('of a write that nobody did a round for the journal says that it %s', async (_, about, mode, expected) => {
  const { outcome, views, asked } = await write(about, mode)
  expect(outcome).toEqual({ ok: true, ...expected })
  expect(asked.at(-1)).toBe('w1')
  expect(views, 'nothing else is read').toBe(0)
})

test('what the journal does not know any more is looked for in everything', async () => {
  const { outcome, views } = await write(undefined, 'online')
  expect(outcome).toMatchObject({ rev: 8, durability: 'redis' })
  expect(views).toBe(1)
})

test.each([
  [0, 'a key of ours has another type'],
  [1, '1 write of this root must go there before this one: nothing was written'],
  [3, '3 writes of this root must go there before this one: nothing was written'],
])('a conditional write that Redis does not decide on says why, where %i own writes wait', async (pending, why) => {
  const access = {
    facts: () => Promise.resolve({ ...AT_A_GLANCE, pending }),
    settle: () => Promise.resolve(null),
    mode: () => 'online',
    has: () => false,
    known: () => undefined,
  } as unknown as KeeperAccess
  const root = { prepare: () => Promise.resolve(), id: () => Promise.resolve('r') }
  const ports = { root, clock: { now: () => 1_000 }, connector: { connect: () => Promise.resolve({}), reason: null } } as unknown as Ports
  const request = { target: 'agent:mary', kind: 'set' as const, by: 'x', ifRev: 1, edits: [{ do: 'set' as const, path: '/status', value: '"new"' }] }
  await expect(new Writer(ports, access).write(request, { id: 'w1' })).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(why) })
})

test.each<[string, string | undefined, object]>([
  ['with the same payload', 'd', { ok: true, rev: 7, replayed: true }],
  ['with another one', 'e', { ok: false, reason: 'other-payload' }],
  ['without one that is known: it was brought back by another root', undefined, { ok: true, rev: 7, replayed: true }],
])('a key that this root has seen %s', async (_, seen, expected) => {
  const view = {
    replica: { seen: new SeenIds([['w1', { rev: 7, ...(seen !== undefined && { digest: seen }) }]]) },
    open: new Map(),
    revisionOf: () => 7,
    pending: () => 0,
    mode: 'away',
  } as unknown as Keeper
  const access = { facts: () => Promise.resolve(AT_A_GLANCE), view: () => Promise.resolve(view), has: () => false } as unknown as KeeperAccess
  const root = { prepare: () => Promise.resolve(), id: () => Promise.resolve('r') } // nothing is appended
  const ports = { root, clock: { now: () => 1_000 }, connector: { connect: () => Promise.resolve(null) } } as unknown as Ports
  const request = { target: 'agent:mary', kind: 'record' as const, by: 'x', edits: [{ do: 'set' as const, path: '/status', value: '"new"' }] }
  expect(await new Writer(ports, access).write(request, { id: 'w1', digest: 'd' })).toMatchObject(expected)
})

test.each([
  [true, 'unknown-outcome', 'it was sent without an answer, and the disk is full: it is not known'],
  [false, 'unavailable', 'the disk is full: nothing was written'],
])('a write that Redis does not answer (sent: %s) and the journal does not take is %s', async (sent, code, message) => {
  const access = { facts: () => Promise.resolve({ ...AT_A_GLANCE, epoch: 'r1', pending: 0 }), has: () => false, known: () => undefined } as unknown as KeeperAccess
  const store = { shared: true, read: () => Promise.reject(new StoreUnavailable('no answer', sent)) }
  const root = { prepare: () => Promise.resolve(), id: () => Promise.resolve('r'), append: () => Promise.reject(new NotTaken('the disk is full')) }
  const ports = { root, clock: { now: () => 1_000 }, connector: { connect: () => Promise.resolve(store) } } as unknown as Ports
  const request = { target: 'agent:mary', kind: 'set' as const, by: 'x', edits: [{ do: 'set' as const, path: '/status', value: '"new"' }] }
  await expect(new Writer(ports, access).write(request, { id: 'w1' })).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
})

test.each<[Pick<WriteRequest, 'ifRev' | 'fence'>, WriteOutcome, string | null]>([
  [{ ifRev: 2 }, { ok: false, reason: 'conflict', rev: 3, current: null }, null],
  [{ ifRev: 4 }, { ok: false, reason: 'conflict', rev: 3, current: null }, 'not the revision'],
  [{ ifRev: 0 }, { ok: false, reason: 'conflict', rev: 3, current: null }, 'not the revision'],
  [{ fence: { name: 'x', fence: 2 } }, { ok: false, reason: 'fence', fence: 3 }, null],
  [{ fence: { name: 'x', fence: 4 } }, { ok: false, reason: 'fence', fence: 3 }, 'not the one'],
  [{}, { ok: false, reason: 'absent' }, 'nothing to delete'],
  [{}, { ok: false, reason: 'not-a-number', paths: [] }, 'no number'],
  [{}, { ok: false, reason: 'other-payload' }, null],
  [{}, { ok: true, rev: 3, durability: 'redis', pending: 0 }, null],
])('with %j, what came out (%j) after somebody was sent it without an answer is told only where it stays so', async (conditions, outcome, why) => {
  expect(await new Fate().told(conditions, Promise.resolve(outcome))).toBe(outcome)
  const told = new Fate(true).told(conditions, Promise.resolve(outcome))
  if (why === null) expect(await told).toBe(outcome)
  else await expect(told).rejects.toMatchObject({ code: 'unknown-outcome', message: expect.stringContaining(why) })
})

test.each([
  [true, { rev: 11, epoch: 'r1' }],
  [false, {}],
])('of a write whose id another root gave back the journal does not say that it came with the number of a lineage that was lost (the store answers again: %s)', async (answers, place) => {
  const store = new MemoryStore(new MemoryServer({ now: () => 1_000 }))
  await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 10 })
  const draft = { id: 'restore', t: 9, target: 'agent:mary', kind: 'restore' as const, by: 'memory_sync', leaves: [{ path: '/status', value: '"new"' }] }
  await store.commit({ epoch: 'r1', floor: 0, draft, expect: { roster: null }, before: undefined, gives: [{ id: 'w1', rev: 3 }] })
  if (!answers) store.hello = () => Promise.reject(new StoreUnavailable('no answer', true))
  const journal: JournalLine[] = []
  const facts: Glance = { ...AT_A_GLANCE, epoch: 'r1', rev: 10, high: 10, pending: 0 }
  const access = { facts: () => Promise.resolve(facts), settle: () => Promise.resolve(null), has: () => false, known: () => undefined } as unknown as KeeperAccess
  const root = { prepare: () => Promise.resolve(), id: () => Promise.resolve('r'), append: async (line: JournalLine) => void journal.push(line) }
  const ports = { root, clock: { now: () => 1_000 }, connector: { connect: () => Promise.resolve(store) } } as unknown as Ports
  const request = { target: 'agent:mary', kind: 'set' as const, by: 'x', edits: [{ do: 'set' as const, path: '/status', value: '"new"' }] }
  expect(await new Writer(ports, access).write(request, { id: 'w1' })).toMatchObject({ ok: true, rev: 3, durability: 'redis', repeated: true })
  expect(journal).toEqual([{ op: expect.objectContaining({ id: 'w1' }), ...place }])
})
