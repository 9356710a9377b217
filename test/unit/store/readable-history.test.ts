import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Change } from '../../../src/domain/operation.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { HistoryFile } from '../../../src/store/file/history.js'
import { leaveUnreadableOut } from '../../../src/store/file/readable-history.js'
import { makeTempFolder } from '../../support/temp.js'

const changeOf = (rev: number): Change => ({
  ...{ rev, prev: rev - 1, epoch: 'r1', id: `id${rev}`, t: rev, target: 'agent:mary', kind: 'set', by: 'mary' },
  leaves: [{ path: '/context/task', value: '"é\\u0000 1.10"' }],
})

async function torn(): Promise<{ folder: string; kept: string; history: HistoryFile }> {
  const folder = await makeTempFolder('ms-history-')
  const history = new HistoryFile(folder, nodeFiles)
  await history.add([changeOf(1)])
  await appendFile(join(folder, 'history'), Buffer.from([0xff, 0x7b, 0x0a]))
  await history.add([changeOf(2)])
  await appendFile(join(folder, 'history'), '{"rev":3,"prev":2,"ep')
  await mkdir(join(folder, 'kept'))
  return { folder, kept: join(folder, 'kept'), history }
}

test('lines that nobody can read are left out, every other is byte for byte what it was, and a copy of all is kept', async () => {
  const { folder, kept, history } = await torn()
  const before = await readFile(join(folder, 'history'))
  expect(leaveUnreadableOut(folder, () => kept)).toBe(2)
  expect(await readFile(join(kept, 'history'))).toEqual(before)
  expect(await readFile(join(folder, 'history'), 'utf8')).toBe(`${JSON.stringify(changeOf(1))}\n${JSON.stringify(changeOf(2))}\n`)
  expect(await readdir(kept)).toEqual(['history'])
  await history.add([changeOf(3)]) // of whoever had it open
  expect((await new HistoryFile(folder, nodeFiles).after(0)).map(({ rev }) => rev)).toEqual([1, 2, 3])
  expect(await history.inspect()).toEqual({ lines: 3, unreadable: 0 })
})

test('who follows the history misses nothing and sees nothing twice', async () => {
  const { folder, kept, history } = await torn()
  const follow = history.follow()
  expect((await follow(0)).map(({ rev }) => rev)).toEqual([1, 2])
  leaveUnreadableOut(folder, () => kept)
  expect(await follow(2)).toEqual([])
  await history.add([changeOf(3)])
  expect((await follow(2)).map(({ rev }) => rev)).toEqual([3])
})

test('a history that can be read, one that is not there, and what is no file are left as they are', async () => {
  const folder = await makeTempFolder('ms-history-')
  const never = (): never => {
    throw new Error('nothing has to be kept')
  }
  expect(leaveUnreadableOut(folder, never)).toBe(0)
  await new HistoryFile(folder, nodeFiles).add([changeOf(1)])
  await writeFile(join(folder, 'elsewhere'), 'no change\n')
  await symlink('elsewhere', join(folder, 'history.1'))
  expect(leaveUnreadableOut(folder, never)).toBe(0)
  expect(await readFile(join(folder, 'elsewhere'), 'utf8')).toBe('no change\n')
})
