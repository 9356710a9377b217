import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/domain/operation.js'
import type { Files } from '../../../src/platform/files.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { HistoryFile } from '../../../src/store/file/history.js'
import { makeTempFolder } from '../../support/temp.js'

const MANY = 5_000

const changeOf = (rev: number, value = 'v'.repeat(100)): Change => ({
  ...{ rev, prev: rev - 1, epoch: 'r1', id: `id${rev}`, t: rev, target: 'agent:mary', kind: 'set', by: 'mary' },
  leaves: [{ path: '/context/task', value }],
})

const upTo = (last: number, first = 1): Change[] => Array.from({ length: last - first + 1 }, (_, i) => changeOf(first + i))
const revsOf = (changes: readonly Change[]): number[] => changes.map(({ rev }) => rev)

/** Files that count the lines that are read. */
function countingFiles(): { files: Files; lines: () => number } {
  let count = 0
  const readLines: Files['readLines'] = async (path, from) => {
    const read = await nodeFiles.readLines(path, from)
    count += read?.lines.length ?? 0
    return read
  }
  return { files: { ...nodeFiles, readLines }, lines: () => count }
}

describe('the history of a root', () => {
  test('is read only as far back as is asked for', async () => {
    const folder = await makeTempFolder()
    const { files, lines } = countingFiles()
    const history = new HistoryFile(folder, files)
    await history.add(upTo(MANY))
    expect(revsOf(await history.after(MANY - 3))).toEqual([MANY - 2, MANY - 1, MANY])
    expect(lines()).toBeLessThan(MANY / 5)
    expect(revsOf(await history.after(1_000))).toEqual(revsOf(upTo(MANY, 1_001)))
    expect(await history.after(0)).toHaveLength(MANY)
    expect(await history.after(MANY)).toEqual([])
  })

  test('goes back into the former file', async () => {
    const folder = await makeTempFolder()
    const history = new HistoryFile(folder, nodeFiles)
    await history.add(upTo(100))
    await rename(join(folder, 'history'), join(folder, 'history.1'))
    await history.add(upTo(110, 101))
    expect(revsOf(await history.after(97))).toEqual(revsOf(upTo(110, 98)))
    expect(revsOf(await history.after(103))).toEqual(revsOf(upTo(110, 104)))
  })

  test('has what a keeper that was held up wrote behind newer changes, once', async () => {
    const history = new HistoryFile(await makeTempFolder(), nodeFiles)
    await history.add([...upTo(MANY - 10), ...upTo(MANY, MANY - 8), changeOf(MANY - 9), changeOf(MANY)])
    for (const rev of [MANY - 12, MANY - 10, MANY - 9]) expect(revsOf(await history.after(rev))).toEqual(revsOf(upTo(MANY, rev + 1)))
  })

  test('is read on where what was held up is the first that is seen of it', async () => {
    const history = new HistoryFile(await makeTempFolder(), nodeFiles)
    const [late, newer] = [upTo(300, 101), upTo(400, 301)]
    // The first look begins among those that came late.
    const inOneLook = Math.floor((128 * 1024) / (JSON.stringify(changeOf(1_000)).length + 1))
    const behind = upTo(400 + inOneLook - late.length / 2, 401)
    await history.add([...upTo(100), ...newer, ...late, ...behind])
    expect(revsOf(await history.after(300))).toEqual(revsOf([...newer, ...behind]))
  })

  test('is read where one change is longer than what is read at first', async () => {
    const folder = await makeTempFolder()
    const history = new HistoryFile(folder, nodeFiles)
    await history.add([changeOf(1), changeOf(2, 'x'.repeat(1_000_000)), changeOf(3, 'ö'.repeat(200_000))])
    expect(revsOf(await history.after(1))).toEqual([2, 3])
    expect(revsOf(await history.after(2))).toEqual([3])
  })

  test('is followed: each change once, whoever wrote it, and another file begun meanwhile', async () => {
    const folder = await makeTempFolder()
    const { files, lines } = countingFiles()
    const [history, other] = [new HistoryFile(folder, files), new HistoryFile(folder, nodeFiles)]
    const follow = history.follow()
    expect(await follow(0)).toEqual([])
    await other.add(upTo(3))
    expect(revsOf(await follow(0))).toEqual([1, 2, 3])
    const before = lines()
    await history.add(upTo(5, 4))
    expect(revsOf(await follow(3))).toEqual([4, 5])
    expect(await follow(5)).toEqual([])
    expect(lines() - before).toBe(2)
    await other.add(upTo(6, 6))
    await rename(join(folder, 'history'), join(folder, 'history.1'))
    await other.add(upTo(7, 7))
    expect(revsOf(await follow(5))).toEqual([6, 7])
  })

  test('that could not be read is not taken for read', async () => {
    const folder = await makeTempFolder()
    let fails = false
    const readLines: Files['readLines'] = (path, from) => (fails ? Promise.reject(new Error('EIO')) : nodeFiles.readLines(path, from))
    const history = new HistoryFile(folder, { ...nodeFiles, readLines })
    await history.add(upTo(3))
    const follow = history.follow()
    fails = true
    await expect(follow(0)).rejects.toThrow('EIO')
    fails = false
    expect(revsOf(await follow(0))).toEqual([1, 2, 3])
  })
})
