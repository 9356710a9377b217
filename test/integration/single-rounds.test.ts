import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { LocalEngine } from '../../src/core/engine.js'
import { openConnector } from '../../src/memory/engine.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

/** A root with files only and no hub; `read` is how many lines were read until now, of which files, and how often the state was. */
async function place({ clock = systemClock } = {}) {
  const folder = await makeTempFolder()
  const read = { journal: 0, history: 0, state: 0 }
  const disk: { failsAt: RegExp | null; afterHistory: (() => Promise<unknown>) | null } = { failsAt: null, afterHistory: null }
  const files: Files = {
    ...nodeFiles,
    write: (path, ...rest) => (disk.failsAt?.test(path) === true ? Promise.reject(new Error('ENOSPC')) : nodeFiles.write(path, ...rest)),
    append: (path, text) => (disk.failsAt?.test(path) === true ? Promise.reject(new Error('ENOSPC')) : nodeFiles.append(path, text)),
    read: (path) => {
      if (path.endsWith('/state.json')) read.state++
      return nodeFiles.read(path)
    },
    readLines: async (path, from) => {
      const found = await nodeFiles.readLines(path, from)
      const of = path.includes('/journal') ? 'journal' : path.includes('/history') ? 'history' : null
      if (of !== null) read[of] += found?.lines.filter((line) => line !== '#').length ?? 0
      const { afterHistory } = disk
      if (of === 'history' && afterHistory !== null) {
        disk.afterHistory = null
        await afterHistory()
      }
      return found
    },
  }
  const unique = (): string => randomBytes(8).toString('hex')
  const open = async (): Promise<LocalEngine> => {
    const root = new RootFiles(folder, { files, clock, processes: systemProcesses, unique })
    const fileStore = fileStoreOf(root, clock, () => Promise.resolve(null))
    const engine = new LocalEngine({
      watchFiles: () => () => undefined,
      leases: () => Promise.reject(new Error('nobody asks for leases here')),
      ports: {
        ...{ root, lock: root.lock, clock, fileStore },
        connector: await openConnector({ root: folder, env: { HOME: folder, MEMORY_SYNC_REDIS: 'off' } }),
        randomId: () => randomBytes(16).toString('hex'),
        digest: (text) => createHash('sha256').update(text).digest('hex'),
      },
    })
    afterwards(() => engine.close())
    return engine
  }
  return { folder, open, read, disk }
}

type Place = Awaited<ReturnType<typeof place>>

/** How much each of a hundred writes reads. */
async function readByEach({ read }: Place, write: (n: number) => Promise<unknown>): Promise<Place['read']> {
  const before = { ...read }
  for (let n = 0; n < 100; n++) expect(await write(n)).toMatchObject({ ok: true })
  const each = (of: keyof Place['read']): number => (read[of] - before[of]) / 100
  return { journal: each('journal'), history: each('history'), state: each('state') }
}

test('without a hub a command does not read more lines the more were written before it', async () => {
  const root = await place()
  const program = await root.open()
  for (let n = 0; n < 300; n++) await program.write(aWrite(String(n)))
  const each = await readByEach(root, async (n) => {
    const command = await root.open()
    const outcome = await command.write(aWrite(String(1_000 + n)))
    await command.close()
    return outcome
  })
  // As long as the state is saved once.
  expect(each.journal).toBeLessThan(150)
  expect(each.history).toBeLessThan(400)
})

test('without a hub a program that writes on reads what is new, and the state when somebody else has saved it', async () => {
  const root = await place()
  const program = await root.open()
  for (let n = 0; n < 300; n++) await program.write(aWrite(String(n)))
  const alone = await readByEach(root, (n) => program.write(aWrite(String(1_000 + n))))
  expect(alone.state).toBe(0)
  expect(alone.journal).toBeLessThan(5)
  expect(alone.history).toBeLessThan(5)

  const other = await root.open()
  const inTurns = await readByEach(root, async (n) => {
    await other.write(aWrite(String(2_000 + n)))
    return program.write(aWrite(String(3_000 + n)))
  })
  expect(inTurns.state).toBeLessThan(0.2)
  expect(inTurns.journal).toBeLessThan(50)
  expect(await program.read()).toEqual(await other.read())
})

test('writes of a program that come all at once read what was there before them once, and not each for itself', async () => {
  const root = await place()
  const before = await root.open()
  for (let n = 0; n < 90; n++) await before.write(aWrite(String(n)))
  const program = await root.open()
  const read = root.read.journal
  const writes = Array.from({ length: 200 }, (_, n) => program.write(aWrite(String(1_000 + n))))
  for (const outcome of await Promise.all(writes)) expect(outcome).toMatchObject({ ok: true })
  expect(root.read.journal - read).toBeLessThan(5_000)
})

test('a program goes on from what is in the files when a round of it has failed in the middle', async () => {
  const { open, read, disk } = await place()
  const program = await open()
  for (let n = 0; n < 3; n++) await program.write(aWrite(String(n)))
  disk.failsAt = /\/version\.\d+\.log$/ // after the change was numbered
  expect(await program.write(aWrite('1000'))).toMatchObject({ ok: true })
  disk.failsAt = null
  const states = read.state
  const { rev } = (await program.write(aWrite('1001'))) as { rev: number }
  expect(read.state).toBeGreaterThan(states)
  const other = await open()
  expect(await other.read()).toEqual(await program.read())
  expect((await other.history(0)).map((change) => change.rev)).toEqual(Array.from({ length: 5 }, (_, n) => rev - 4 + n))
})

test('what the keeper alone has decided is acknowledged, although the disk fails in the round behind it', async () => {
  const { open, disk } = await place()
  const program = await open()
  const { rev } = (await program.write(aWrite('1'))) as { rev: number }
  disk.failsAt = /\/version\.\d+\.log$/ // before context.json is written
  expect(await program.write({ ...aWrite('2'), ifRev: rev })).toMatchObject({ ok: true, rev: rev + 1 })
  disk.failsAt = null
  expect(await program.write({ ...aWrite('3'), ifRev: rev + 1 })).toMatchObject({ ok: true, rev: rev + 2 })
})

test('what the keeper alone has decided is acknowledged, although the history or the end of its turn finds no room', async () => {
  const { open, disk } = await place()
  const program = await open()
  const { rev } = (await program.write(aWrite('1'))) as { rev: number }
  disk.failsAt = /\/history$/
  expect(await program.write({ ...aWrite('2'), ifRev: rev })).toMatchObject({ ok: true, rev: rev + 1 })
  disk.failsAt = /\/keeper\.\d+\.done$/
  expect(await program.write({ ...aWrite('3'), ifRev: rev + 1 })).toMatchObject({ ok: true, rev: rev + 2 })
  expect(await program.write({ ...aWrite('4'), ifRev: rev + 2 })).toMatchObject({ ok: true, rev: rev + 3 })
})

test('what the history had no room for is read and told from the journal, and a keeper that has room puts it there once', async () => {
  const { folder, open, disk } = await place()
  const program = await open()
  const { rev } = (await program.write(aWrite('1'))) as { rev: number }
  const reader = await open()
  const over = new AbortController()
  const watcher = reader.watch({ since: String(rev), signal: over.signal })[Symbol.asyncIterator]()
  disk.failsAt = /\/history$/
  await program.write(aWrite('2'))
  expect(await watcher.next()).toMatchObject({ value: { is: 'change', change: { rev: rev + 1 } } })
  over.abort()
  expect(await watcher.next()).toMatchObject({ done: true })
  const all = Array.from({ length: rev + 1 }, (_, n) => n + 1)
  expect(await (await open()).readText()).toContain('"a": 2')
  expect((await (await open()).history(0)).map((change) => change.rev)).toEqual(all.slice(-2))
  await program.close()
  disk.failsAt = null
  const history = async (): Promise<number[]> =>
    (await readFile(`${folder}/shared_memory/.memory_sync/history`, 'utf8')).split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { rev: number }).rev]))
  await (await open()).read()
  expect(await history()).not.toContain(rev + 1)
  await (await open()).write(aWrite('3'))
  expect((await history()).slice(-2)).toEqual([rev + 1, rev + 2])
})

test('a program that does not write for a while keeps nothing in memory, and begins with the state', async () => {
  const { open, read } = await place()
  const program = await open()
  for (let n = 0; n < 300; n++) await program.write(aWrite(String(n)))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
  afterwards(() => void vi.useRealTimers())
  const statesReadBy = async (n: number, afterMs: number): Promise<number> => {
    const before = read.state
    vi.advanceTimersByTime(afterMs)
    await program.write(aWrite(String(n)))
    return read.state - before
  }
  expect(await statesReadBy(1_000, 0)).toBe(0)
  expect(await statesReadBy(1_001, 1_000)).toBe(0) // and not more: the time that all this takes counts too
  expect(await statesReadBy(1_002, 10_000)).toBe(1)
  expect(await (await open()).read()).toEqual(await program.read())
})

test('a reader sees an edit of context.json that somebody else takes in while it reads', async () => {
  const { folder, open, disk } = await place()
  const [keeper, reader] = [await open(), await open()]
  await keeper.write(aWrite('1'))
  const file = `${folder}/shared_memory/context.json`
  for (const value of [2, 3]) {
    const text = await readFile(file, 'utf8')
    await writeFile(`${file}.mine`, text.replace(/"a": \d/, `"a": ${value}`))
    await rename(`${file}.mine`, file)
    disk.afterHistory = () => (value === 2 ? keeper.mend() : keeper.write(aWrite('7', 'rnd')))
    expect(await reader.readText()).toContain(`"a": ${value}`)
    expect(disk.afterHistory).toBeNull()
  }
})

test('who waits for a keeper that does not go on gives up in time, although the clock is set back meanwhile', async () => {
  const clock = { ...systemClock, now: () => Date.now() - 2 * performance.now() }
  const { folder, open } = await place({ clock })
  const other = new RootFiles(folder, { files: nodeFiles, clock: systemClock, processes: systemProcesses, unique: () => 'other' })
  await other.prepare()
  const held = await other.lock.tryAcquire('for life')
  afterwards(() => held!.release())
  const engine = await open()
  await expect(engine.submit({ ...aWrite('1'), ifRev: 1 }, { id: 'a' })).rejects.toMatchObject({ code: 'unavailable' })
})

test('as long as nothing has happened, a read needs neither the state nor the journal nor the history', async () => {
  const there = await place()
  const writer = await there.open()
  for (const value of ['1', '2']) {
    await writer.write(aWrite(value))
    await writer.mend()
    const before = { ...there.read }
    const reader = await there.open()
    expect(await reader.readText()).toContain(`: ${value}`)
    expect(await reader.read()).toMatchObject({ source: 'file', durability: 'file', pending: 0 })
    expect(there.read).toEqual(before)
  }
})
