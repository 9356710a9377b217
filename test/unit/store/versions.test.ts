import { readdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { formatDocument } from '../../../src/domain/document.js'
import { formatLine, parseTreeMap, type TreeMap } from '../../../src/domain/json.js'
import { systemClock } from '../../../src/platform/clock.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { VersionLog } from '../../../src/store/file/versions.js'
import { makeTempFolder } from '../../support/temp.js'

const KB = 1024
const FILE = { ino: 1, size: 2, mtimeMs: 3.5, uid: 0, mode: 0o644 }
const documentOf = (n: number, text = ''): TreeMap => parseTreeMap(JSON.stringify({ agents: { mary: { n, text } }, rev: n }))

/** The log of one keeper, and what another one reads there that begins now. */
async function place() {
  const directory = await makeTempFolder()
  const open = (): VersionLog => new VersionLog(directory, nodeFiles, systemClock)
  const log = open()
  const add = (rev: number, text?: string): Promise<void> => {
    const document = documentOf(rev, text)
    return log.add({ rev, base: rev, epoch: 'r1', t: rev, hash: `h${rev}` }, document, formatDocument(document))
  }
  return { directory, open, log, add }
}

test('the revision of the last version is known without the others', async () => {
  const { open, log, add } = await place()
  expect(await open().lastRev()).toBe(0)
  for (const [rev, text] of [[1], [2], [3, 'x'.repeat(10 * KB)], [4]] as const) {
    await add(rev, text)
    expect(await open().lastRev()).toBe(rev)
    expect(await log.lastRev()).toBe(rev)
    expect((await open().last())?.version.rev).toBe(rev)
  }
})

test('behind the last version may stand what was merged', async () => {
  const { open, log, add } = await place()
  await add(1)
  await add(2)
  for (let n = 0; n < 300; n++) await log.merged(`foreign ${n}`.padEnd(64, '.'))
  expect(await open().lastRev()).toBe(2)
})

test('every version can be had again, whichever text a whole one was written as', async () => {
  const { open, add } = await place()
  for (let rev = 1; rev <= 5; rev++) await add(rev)
  for (let rev = 1; rev <= 5; rev++) {
    const found = await open().withRev(rev)
    expect(found.map(({ document }) => formatLine(document))).toEqual([formatLine(documentOf(rev))])
  }
})

test('a log stays short enough to be read for each round', async () => {
  const { directory, open, add } = await place()
  for (let rev = 1; rev <= 60; rev++) await add(rev, 'x'.repeat(8 * KB) + rev)
  const sizes = readdirSync(directory).flatMap((name) => (name.endsWith('.log') ? [statSync(`${directory}/${name}`).size] : []))
  expect(sizes.length).toBeGreaterThan(2)
  expect(Math.max(...sizes)).toBeLessThan(128 * KB + 10 * KB)
  expect(await open().knows('h1', FILE, 'shown')).toBe(true)
})

test('a text that was written here is known wherever it stands, one that was merged in the file that it was', async () => {
  const { open, log, add } = await place()
  const known = async (hash: string, file = FILE): Promise<boolean[]> => {
    const found = await Promise.all([log, open()].map((each) => Promise.all([each.knows(hash, file, 'shown'), each.knows(hash, file, 'replaced')])))
    expect(found[1]).toEqual(found[0])
    return found[0]!
  }
  await log.merged('foreign', FILE)
  await log.placed()
  for (const rev of [1, 2, 3]) await add(rev)
  expect([await known('h1'), await known('h3', { ...FILE, ino: 9 })]).toEqual([[true, true], [true, true]])
  expect(await known('foreign')).toEqual([false, true]) // its inode may be another file's by now
  await log.merged('foreign', FILE)
  expect(await known('foreign')).toEqual([true, true])
  for (const other of [{ ino: 9 }, { size: 9 }, { mtimeMs: 9 }]) expect(await known('foreign', { ...FILE, ...other })).toEqual([false, false])
  await add(4)
  expect(await known('foreign')).toEqual([true, true]) // not put in its place yet
  await log.placed()
  expect(await known('foreign')).toEqual([false, true])
  await log.merged('broken')
  expect(await known('broken', { ...FILE, ino: 9 })).toEqual([true, true])
})

test('what was merged is not forgotten when a new log is begun', async () => {
  const { directory, open, log, add } = await place()
  await add(1)
  await log.merged('foreign', FILE)
  for (let rev = 2; readdirSync(directory).length < 4; rev++) await add(rev, 'x'.repeat(8 * KB) + rev)
  expect(await open().knows('foreign', FILE, 'shown')).toBe(true)
  await log.placed()
  expect(await open().knows('foreign', FILE, 'shown')).toBe(false)
})

test('whether the file in its place is a foreign one is known from the newest pair', async () => {
  const { directory, log, add, open } = await place()
  await add(1)
  await log.merged('foreign', FILE)
  for (let rev = 2; rev <= 60; rev++) await add(rev, 'x'.repeat(8 * KB) + rev)
  const pairs = readdirSync(directory).filter((name) => name.endsWith('.json'))
  expect(pairs.length).toBeGreaterThan(3)
  let reads = 0
  const files = { ...nodeFiles, read: (path: string) => (reads++, nodeFiles.read(path)) }
  const fresh = new VersionLog(directory, files, systemClock)
  expect(await fresh.knows('foreign', FILE, 'shown')).toBe(true)
  await fresh.placed()
  expect(reads).toBe(1)
  expect(await open().knows('foreign', FILE, 'shown')).toBe(false)
})
