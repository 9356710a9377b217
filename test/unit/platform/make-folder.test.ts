import fs from 'node:fs'
import { expect, test } from 'vitest'
import { makeFolder } from '../../../src/platform/make-folder.js'
import { makeTempFolder } from '../../support/temp.js'

test('makes what is missing, and says where that begins', async () => {
  const folder = await makeTempFolder()
  expect(makeFolder(`${folder}/a/b/c`, 0o700)).toBe(`${folder}/a`)
  for (const made of ['a', 'a/b', 'a/b/c']) expect(fs.statSync(`${folder}/${made}`).mode & 0o777).toBe(0o700)
  expect(makeFolder(`${folder}/a/b/d`)).toBe(`${folder}/a/b/d`)
  expect(makeFolder(`${folder}/a/b`)).toBeUndefined()
  fs.symlinkSync('a', `${folder}/link`)
  expect(makeFolder(`${folder}/link`)).toBeUndefined()
  expect(makeFolder('/')).toBeUndefined()
})

test('a file, or a link that leads nowhere, in the way is an error', async () => {
  const folder = await makeTempFolder()
  fs.writeFileSync(`${folder}/file`, '')
  fs.symlinkSync('nowhere', `${folder}/link`)
  for (const path of ['file', 'file/a', 'file/a/b', 'link', 'link/a']) expect(() => makeFolder(`${folder}/${path}`), path).toThrow()
  expect(fs.readdirSync(folder).sort()).toEqual(['file', 'link'])
})

// Node's own recursion does not end here: the test would stand still, and nothing could end it.
test.skipIf(process.platform !== 'linux')('a file system that makes no folders says so', () => {
  for (const path of ['/proc/memory_sync', '/proc/memory_sync/a/b']) expect(() => makeFolder(path)).toThrow(/ENOENT/)
})
