import { expect, test } from 'vitest'
import { Keeper } from '../../../src/core/keeper.js'
import type { Ports } from '../../../src/core/ports.js'
import type { Target } from '../../../src/domain/operation.js'
import { RootFiles } from '../../../src/store/file/root-files.js'
import { MemoryServer } from '../../../src/store/memory/server.js'
import { MemoryStore } from '../../../src/store/memory/store.js'
import { Disk, filesOf } from '../../sim/fake-files.js'
import type { Process } from '../../sim/scheduler.js'

const NOW = 1_000_000

test.each(['before it asks the store', 'while it asks the store'])('what a round that fails %s should have compared is compared by the next one', async (when) => {
  const clock = { now: () => NOW, ticks: () => NOW, offsetMinutes: () => 0, pause: () => Promise.resolve() }
  const [disk, link] = [{ fails: false }, { fails: false }]
  const files = filesOf(new Disk(clock.now), { gate: () => Promise.resolve() } as Process)
  const failingFiles = { ...files, identify: (path: string) => (disk.fails ? Promise.reject(new Error('EIO')) : files.identify(path)) }
  let names = 0
  const unique = (): string => `u${names++}`
  const root = new RootFiles('/r', { files: failingFiles, clock, processes: {} as never, unique })
  const store = new MemoryStore(new MemoryServer({ now: clock.now }))
  const compared: Target[] = []
  const watched = Object.assign(Object.create(store) as MemoryStore, {
    unlike: (known: Parameters<MemoryStore['unlike']>[0]) => {
      if (link.fails) return Promise.reject(new Error('EIO'))
      compared.push(...known.keys())
      return store.unlike(known)
    },
  })
  const connector = { configured: 'named', connect: () => Promise.resolve(watched), reason: null }
  const ports = { root, clock, connector, digest: (text: string) => text, randomId: unique, tell: () => undefined }
  const keeper = new Keeper(ports as unknown as Ports, 'life')
  await keeper.round('all')
  const draft = { id: 'c1', t: NOW, target: 'agent:mary', kind: 'set' as const, by: 'x', leaves: [{ path: '/n', value: '1' }] }
  const { epoch } = await store.hello()
  await store.commit({ epoch: epoch!, floor: 0, draft, before: undefined, expect: {} })
  await keeper.round('all')
  compared.length = 0
  const failing = when.startsWith('before') ? disk : link
  failing.fails = true
  await expect(keeper.round(['agent:mary'])).rejects.toThrow('EIO')
  failing.fails = false
  expect(compared).toEqual([])
  await keeper.round('none')
  expect(compared).toEqual(['agent:mary'])
})
