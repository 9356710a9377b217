import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/platform/clock.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { systemProcesses } from '../../../src/platform/processes.js'
import { RootFiles } from '../../../src/store/file/root-files.js'
import { emptyState } from '../../../src/store/file/state-format.js'
import { makeTempFolder } from '../../support/temp.js'

const KB = 1024

test.each([
  ['a line and others', 'head\nbody\n', 'head'],
  ['an empty line', '\nbody', ''],
  ['a line that is not complete', 'head', null],
  ['nothing', '', null],
  ['a line as long as what is read at once', `${'x'.repeat(64 * KB - 1)}\nbody`, 'x'.repeat(64 * KB - 1)],
  ['a longer line', `${'ä'.repeat(200 * KB)}\nbody`, 'ä'.repeat(200 * KB)],
  ['a long line that is not complete', 'x'.repeat(64 * KB), null],
])('the first line of a file with %s', async (_, text, line) => {
  const path = `${await makeTempFolder()}/file`
  writeFileSync(path, text)
  expect(await nodeFiles.firstLine(path)).toBe(line)
})

test('where there is no file, there is no first line', async () => {
  expect(await nodeFiles.firstLine(`${await makeTempFolder()}/file`)).toBeNull()
})

test('neither a look at a root nor saving its state reads the state that is there', async () => {
  const folder = await makeTempFolder()
  const read: string[] = []
  const files = {
    ...nodeFiles,
    read: (path: string) => (read.push(path), nodeFiles.read(path)),
    readLines: (path: string, from: number) => (read.push(path), nodeFiles.readLines(path, from)),
  }
  mkdirSync(`${folder}/shared_memory/.memory_sync`, { recursive: true })
  let made = 0
  const root = new RootFiles(folder, { files, clock: systemClock, processes: systemProcesses, unique: () => String(made++) })
  const state = { ...emptyState(), replica: { ...emptyState().replica, epoch: 'f1', rev: 7, high: 7 } }
  for (let n = 0; n < 3; n++) await root.save(state)
  expect(await root.glance()).toMatchObject({ epoch: 'f1', rev: 7 })
  expect(read.filter((path) => path.includes('/state'))).toEqual([])
})
