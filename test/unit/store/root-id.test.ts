import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/platform/clock.js'
import { randomHex } from '../../../src/platform/digests.js'
import type { Files } from '../../../src/platform/files.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { systemProcesses } from '../../../src/platform/processes.js'
import { RootFiles } from '../../../src/store/file/root-files.js'
import { makeTempFolder } from '../../support/temp.js'

async function place() {
  const path = await makeTempFolder()
  const directory = `${path}/shared_memory/.memory_sync`
  await mkdir(directory, { recursive: true })
  const open = (files: Files = nodeFiles): RootFiles =>
    new RootFiles(path, { files, clock: systemClock, processes: systemProcesses, unique: () => randomHex(8) })
  return { open, directory, file: `${directory}/root-id` }
}

test.each([null, '', '\n', '\0'.repeat(17)])('processes that find no id at the same time give the root the same one: %j', async (text) => {
  const { open, directory, file } = await place()
  if (text !== null) await writeFile(file, text)
  const ids = await Promise.all(Array.from({ length: 5 }, () => open().id()))
  expect(ids[0]).toMatch(/^[0-9a-f]{12,}$/)
  expect(new Set(ids).size).toBe(1)
  expect(await readFile(file, 'utf8')).toBe(`${ids[0]}\n`)
  expect(await open().id()).toBe(ids[0])
  expect(await readdir(directory)).toEqual(['root-id'])
})

test('a link that leads nowhere in its place is told, and nobody waits for it', async () => {
  const { open, directory, file } = await place()
  await symlink('/nonexistent/x', file)
  await expect(open().id()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(`${file} cannot be read`) as string })
  expect(await readdir(directory)).toEqual(['root-id'])
})

test('two roots whose files were left empty have ids of their own', async () => {
  const ids: string[] = []
  for (const { open, file } of [await place(), await place()]) {
    await writeFile(file, '')
    ids.push(await open().id())
  }
  expect(new Set(ids).size).toBe(2)
})

test('an id that stands there stays, whoever has written it', async () => {
  const { open, file } = await place()
  await writeFile(file, 'My-root.1\n')
  expect(await open().id()).toBe('My-root.1')
})

test.each([null, ''])('it has its name when it is on the disk, and is on the disk with its name before it is used: %j', async (text) => {
  const { open, file } = await place()
  if (text !== null) await writeFile(file, text)
  const steps: string[] = []
  const root = open({
    ...nodeFiles,
    write: (path, written, options) => (steps.push(options?.durable === true ? 'write' : 'write without sync'), nodeFiles.write(path, written, options)),
    link: (from, to) => (steps.push('name'), nodeFiles.link(from, to)),
    rename: (from, to) => (steps.push('name'), nodeFiles.rename(from, to)),
    syncDirectory: (path) => (steps.push('sync the folder'), nodeFiles.syncDirectory(path)),
  })
  await root.id()
  expect(steps).toEqual(['write', 'name', 'sync the folder'])
})

test('an id that cannot be read is left where it is, and no other is made', async () => {
  const { open, file } = await place()
  await mkdir(file)
  await expect(open().id()).rejects.toMatchObject({ code: 'unavailable' })
  expect(await readdir(file)).toEqual([])
})
