import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/platform/clock.js'
import { type Files } from '../../../src/platform/files.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { ContextFile } from '../../../src/store/file/document.js'
import { makeTempFolder } from '../../support/temp.js'

async function place(files: Files = nodeFiles) {
  const folder = await makeTempFolder()
  const path = `${folder}/context.json`
  const directory = `${folder}/.memory_sync`
  await mkdir(directory)
  let n = 0
  return { path, directory, document: new ContextFile(path, directory, files, systemClock, () => String(n++)) }
}

async function leave(path: string, mode: number): Promise<void> {
  await writeFile(path, 'x')
  await chmod(path, mode)
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

test.each([
  ['640', '640'],
  ['664', '664'],
  ['040', '640'],
  ['755', '644'],
  ['000', '600'],
])('in the place of a file of mode %s that was moved aside comes one that is as open: %s', async (mode, expected) => {
  const { path, document } = await place()
  await leave(path, parseInt(mode, 8))
  await document.moveAside('broken')
  await document.replace('{}', null)
  expect(await modeOf(path)).toBe(parseInt(expected, 8))
})

test.each([
  ['777', '644'],
  ['700', '600'],
])('a folder of mode %s opens it no further than one that is new: %s', async (mode, expected) => {
  const { path, document } = await place()
  await mkdir(path)
  await chmod(path, parseInt(mode, 8))
  await document.moveAside('broken')
  await document.replace('{}', null)
  expect(await modeOf(path)).toBe(parseInt(expected, 8))
})

test('what was moved aside decides about one file, and not about a later one', async () => {
  const { path, document } = await place()
  await leave(path, 0o600)
  await document.moveAside('broken')
  await document.replace('{}', null)
  await rm(path)
  await document.replace('{}', null)
  expect(await modeOf(path)).toBe(0o644)
})

test('a file that came into its place meanwhile keeps the mode that it was given', async () => {
  const { path, document } = await place()
  await leave(path, 0o600)
  await document.moveAside('broken')
  await leave(path, 0o660)
  await document.replace('{}', await document.identify())
  expect(await modeOf(path)).toBe(0o660)
})

test.each(['cannot be moved', 'is gone by then'])('one that %s decides nothing', async (what) => {
  const { path, document } = await place({
    ...nodeFiles,
    rename: async () => {
      await rm(path, { force: true })
      if (what === 'is gone by then') return false
      throw new Error('EBUSY')
    },
  })
  await leave(path, 0o600)
  await document.moveAside('broken').catch(() => undefined)
  await document.replace('{}', null)
  expect(await modeOf(path)).toBe(0o644)
})
