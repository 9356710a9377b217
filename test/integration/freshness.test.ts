/** What is needed so that context.json is the answer to a read: with a store that a test can have fail at each place. */
import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { LocalEngine } from '../../src/core/engine.js'
import { formatLine } from '../../src/domain/json.js'
import { StoreUnavailable } from '../../src/errors/errors.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import type { Store } from '../../src/store/contract.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

const away = (): Promise<never> => Promise.reject(new StoreUnavailable('it is away', false))

const OF_ANOTHER = { epoch: 'r-another', id: 'x', t: 0, target: 'agent:mary', kind: 'set' as const, by: 'x', leaves: [] }

/** A root on a store in memory. `link`: what of the store is another one at present; `null` in its place: there is no connection. */
async function place() {
  const folder = await makeTempFolder()
  const server = new MemoryServer({ now: () => systemClock.now() })
  const store = new MemoryStore(server)
  const link: { is: Partial<Store> | null; asked: string[]; validator: string | null } = { is: {}, asked: [], validator: 'as it is' }
  const connect = (): Promise<Store | null> => {
    if (link.is === null) return Promise.resolve(null)
    const own: Partial<Store> = { validator: () => Promise.resolve(link.validator), ...link.is }
    return Promise.resolve(
      new Proxy(store, {
        get(target, name: keyof Store) {
          const found: unknown = own[name] ?? (target as Store)[name]
          if (typeof found !== 'function') return found
          return (...args: unknown[]): unknown => {
            link.asked.push(name)
            return (found as (...args: unknown[]) => unknown).apply(target, args)
          }
        },
      }),
    )
  }
  const root = new RootFiles(folder, { files: nodeFiles, clock: systemClock, processes: systemProcesses, unique: () => randomBytes(8).toString('hex') })
  const open = (): LocalEngine => {
    const engine = new LocalEngine({
      watchFiles: () => () => undefined,
      leases: () => Promise.reject(new Error('nobody asks for leases here')),
      ports: {
        ...{ root, lock: root.lock, clock: systemClock, fileStore: fileStoreOf(root, systemClock, () => Promise.resolve(null)) },
        connector: { configured: 'named', connect, reason: null, url: null, namespace: 'memory', close: () => Promise.resolve() },
        randomId: () => randomBytes(16).toString('hex'),
        digest: (text) => createHash('sha256').update(text).digest('hex'),
      },
    })
    afterwards(() => engine.close())
    return engine
  }
  /** A read, and whether it looked at everything. */
  const read = async () => {
    link.asked.length = 0
    const snapshot = await open().read()
    if (snapshot === null) throw new Error('there is no context')
    const { context, pending, durability } = snapshot
    return { text: formatLine(context), pending, durability, isFresh: !link.asked.includes('hello') }
  }
  return { root, server, store, link, open, read }
}

async function written(value = '1') {
  const there = await place()
  await there.open().write(aWrite(value))
  await there.open().mend()
  return there
}

test('a round notes what it has brought together, and a read needs no more', async () => {
  const { read, link } = await written()
  expect(await read()).toMatchObject({ isFresh: true, pending: 0, durability: 'redis' })
  expect(link.asked).toEqual(['validator'])
})

test('who is told another validator looks at everything, and notes what that was told before', async () => {
  const { read, link } = await written()
  link.validator = 'another one'
  expect(await read()).toMatchObject({ isFresh: false })
  expect(await read()).toMatchObject({ isFresh: true })
  link.validator = null
  expect(await read()).toMatchObject({ isFresh: false })
})

test('what a program writes past us in the middle of a look is seen by the next one', async () => {
  const { read, link, store, server } = await written()
  link.validator = 'before'
  link.is = {
    read: async (target) => {
      const stored = await store.read(target)
      server.legacySet('mary', 'status', 'busy')
      link.validator = 'after'
      return stored
    },
  }
  expect((await read()).text).not.toContain('busy')
  link.is = {}
  expect((await read()).text).toContain('busy')
})

test('a state that was saved since is looked at', async () => {
  const { read, root } = await written()
  expect(await read()).toMatchObject({ isFresh: true })
  await root.save((await root.load()).state)
  expect(await read()).toMatchObject({ isFresh: false })
})

test('a line in the journal is looked at', async () => {
  const { read, root } = await written()
  const op = { ...{ id: 'w9', t: systemClock.now(), target: 'agent:mary', kind: 'set' as const, base: 0, baseEpoch: '', by: 'x', root: 'r' }, edits: [{ do: 'set' as const, path: '/left', value: '"by a process that was killed"' }] }
  await root.append({ op })
  expect(await read()).toMatchObject({ isFresh: false, pending: 1, durability: 'file', text: expect.stringContaining('that was killed') as string })
  expect(await read(), 'what waits is not in the file').toMatchObject({ isFresh: false, pending: 1 })
})

test('a file that shows writes that wait for the store is not the answer: it says nothing of them', async () => {
  const { read, link, open } = await written()
  link.is = null
  await open().write(aWrite('2'))
  link.is = {}
  for (const _ of [1, 2]) expect(await read()).toMatchObject({ isFresh: false, pending: 1, durability: 'file' })
})

test.each<[string, Partial<Store>]>([
  ['did not come to the end of the lineage', { changesAfter: (rev) => Promise.resolve({ rev: rev + 1, changes: [{ ...OF_ANOTHER, prev: rev, rev: rev + 1 }] }) }],
  ['found the store away', { hello: away, changesAfter: away }],
])('a round that %s notes nothing', async (_, is) => {
  const { read, link, open } = await written()
  link.is = is
  link.validator = 'another one'
  await open().mend()
  link.is = {}
  expect(await read()).toMatchObject({ isFresh: false })
})

test('a read for which the store is away in the middle notes nothing', async () => {
  const { read, link } = await written()
  link.is = { targets: away }
  link.validator = 'another one'
  expect(await read()).toMatchObject({ durability: 'file' })
  link.is = {}
  expect(await read()).toMatchObject({ isFresh: false })
})
