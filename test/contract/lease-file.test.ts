import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { LONGEST_LEASE_MS } from '../../src/domain/lease.js'
import { emptyReplica } from '../../src/domain/replica.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { watchFiles } from '../../src/platform/watch-files.js'
import { FileStore } from '../../src/store/file/file-store.js'
import { LeaseFiles } from '../../src/store/file/lease-files.js'
import { FileLeases } from '../../src/store/file/leases.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { makeTempFolder } from '../support/temp.js'
import { callOf, leaseContract, releaseOf } from './lease-contract.js'
import { begin } from './support/harness.js'

const WALL = 1_700_000_000_000
const unique = (): string => randomBytes(8).toString('hex')

async function make(disk: Files = nodeFiles) {
  const folder = await makeTempFolder()
  const root = new RootFiles(folder, { files: nodeFiles, clock: systemClock, processes: systemProcesses, unique })
  await root.prepare()
  const replica = emptyReplica()
  let passed = 0
  const moment = (): { boot: string; ms: number; wall: number } => ({ boot: 'b', ms: passed, wall: WALL }) // the wall clock stands still
  const files = new LeaseFiles(`${folder}/leases`, disk, unique, moment)
  const store = new FileStore({
    replica,
    append: (line) => root.append(line),
    history: root.history,
    save: () => Promise.resolve(),
    now: () => WALL,
    fenceOf: async (name) => (await files.read(name))?.fence ?? null,
  })
  await begin({ store, newEpoch: () => 'f1' })
  const leases = new FileLeases({
    leases: files,
    number: (draft, floor) => store.number(draft, floor),
    watch: (changed) => watchFiles([{ directory: files.directory, names: 'all' }], changed),
    wall: () => WALL,
  })
  return {
    ...{ leases, store, files },
    context: (of = 'root-a') =>
      Promise.resolve({ epoch: 'f1', floor: 0, root: of, t: WALL, longestMs: 30_000, strict: false }),
    pass: (ms: number) => {
      passed += ms
      return Promise.resolve()
    },
  }
}

leaseContract('file', () => make())

describe('a lease whose file cannot be read', () => {
  const BROKEN = ['', '{"name":"dep', 'null', '{}', '{"name":"deploy","fence":1000,"holder":{},"queue":[],"calls":[]}', '{"name":"deploy","fence":1000,"holder":null,"queue":[1],"calls":[]}']

  /** Written so many ms ago, by the wall clock. */
  async function broken(text: string, ageMs: number) {
    const made = await make()
    const path = `${made.files.directory}/deploy.1000`
    await mkdir(made.files.directory)
    await writeFile(path, text)
    await utimes(path, (WALL - ageMs) / 1_000, (WALL - ageMs) / 1_000)
    return made
  }

  test.each(BROKEN)('is held for as long as somebody may have it, and its fence is the one in its name: %j', async (text) => {
    const { leases, files, context, store } = await broken(text, 60_000)
    expect(await leases.acquire(await context(), callOf())).toMatchObject({ is: 'taken', retryMs: LONGEST_LEASE_MS - 60_000 })
    expect(await leases.renew(await context(), { name: 'deploy', token: 't-mary', ttlMs: 5_000 })).toMatchObject({ is: 'wrong-token' })
    expect(await leases.look('deploy')).toMatchObject({ fence: 1_000, holder: { fence: 1_000, leftMs: LONGEST_LEASE_MS - 60_000 } })
    expect(await leases.names()).toEqual(['deploy'])
    expect(await files.unreadable()).toEqual(['deploy'])
    expect(await files.kept()).toMatchObject([{ name: 'deploy', fence: 1_000, holder: { leftMs: LONGEST_LEASE_MS - 60_000 } }])
    expect((await store.hello()).rev).toBeLessThan(1_000)
  })

  test.each(BROKEN)('is granted after that, above every fence that was: %j', async (text) => {
    const { leases, files, context } = await broken(text, LONGEST_LEASE_MS)
    expect(await files.kept()).toEqual([])
    const granted = await leases.acquire(await context(), callOf())
    expect(granted).toMatchObject({ is: 'granted', fence: 1_001 })
    expect(await leases.look('deploy')).toMatchObject({ fence: 1_001, holder: { name: 'mary' } })
    expect(await files.unreadable()).toEqual([])
    expect(await readdir(files.directory)).toEqual(['deploy.1001'])
  })

  test('is held no longer, whatever the clock says', async () => {
    const { leases } = await broken('', -3_600_000)
    expect(await leases.look('deploy')).toMatchObject({ holder: { leftMs: LONGEST_LEASE_MS } })
  })

  test('and that only had a queue is held by nobody', async () => {
    const { leases, files, context } = await make()
    await mkdir(files.directory)
    await writeFile(`${files.directory}/deploy.0`, '')
    expect(await leases.acquire(await context(), callOf())).toMatchObject({ is: 'granted' })
  })

  test('and cannot be removed either keeps nobody from a newer one', async () => {
    const { leases, files, context } = await make()
    const path = `${files.directory}/deploy.1000`
    await mkdir(`${path}/in the way`, { recursive: true })
    await utimes(path, 1, 1)
    expect(await leases.acquire(await context(), callOf())).toMatchObject({ is: 'granted', fence: 1_001 })
    expect(await leases.look('deploy')).toMatchObject({ fence: 1_001, holder: { name: 'mary' } })
  })

  test('is ended by force like any other', async () => {
    const { leases, context } = await broken('', 0)
    expect(await leases.release(await context(), releaseOf(null))).toMatchObject({ is: 'released' })
    expect(await leases.acquire(await context(), callOf())).toMatchObject({ is: 'granted', fence: 1_002 })
  })
})

test('what stands among the leases and is none is passed over', async () => {
  const { leases, files, context } = await make()
  await mkdir(files.directory)
  for (const name of ['%zz.1', '%4.1', '%41.x', '%61.7', 'deploy.9007199254740993', 'tmp-1']) await writeFile(`${files.directory}/${name}`, '')
  expect(await leases.names()).toEqual([])
  expect(await leases.acquire(await context(), callOf())).toMatchObject({ is: 'granted' })
  expect(await leases.names()).toEqual(['deploy'])
})

test('a grant is on the disk with its name before anybody is told of it, and before the one that it replaces is removed', async () => {
  const steps: string[] = []
  const noted: Files = {
    ...nodeFiles,
    write: (path, text, options) => (steps.push(options?.durable === true ? 'write' : 'write without sync'), nodeFiles.write(path, text, options)),
    rename: (from, to) => (steps.push('rename'), nodeFiles.rename(from, to)),
    syncDirectory: (path) => (steps.push('sync the folder'), nodeFiles.syncDirectory(path)),
    remove: (path) => (steps.push('remove'), nodeFiles.remove(path)),
  }
  const { leases, context } = await make(noted)
  await leases.acquire(await context(), callOf())
  await leases.release(await context(), releaseOf('t-mary'))
  expect(steps).toEqual(['write', 'rename', 'sync the folder', 'write', 'rename', 'sync the folder', 'remove'])
})

test('what could not be written leaves nothing behind', async () => {
  const full: Files = {
    ...nodeFiles,
    write: async (path) => {
      await writeFile(path, '{"na')
      throw new Error('ENOSPC')
    },
  }
  const { leases, files, context } = await make(full)
  await expect(leases.acquire(await context(), callOf())).rejects.toThrow('ENOSPC')
  expect(await readdir(files.directory)).toEqual([])
})

test('a lease is read as it was written', async () => {
  const { leases, files, context } = await make()
  const name = 'Merge:A.b_c-1'
  await leases.acquire(await context(), callOf({ name }))
  expect(await leases.names()).toEqual([name])
  const [file] = await readdir(files.directory)
  expect(JSON.parse(await readFile(`${files.directory}/${file}`, 'utf8'))).toMatchObject({ name })
})
