import fs from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { appendTo } from '../../../src/platform/appending.js'
import { WrittenUnseen } from '../../../src/platform/files.js'
import { makeTempFolder } from '../../support/temp.js'

/** How often a file was opened, and closed. */
function counting(): () => [number, number] {
  const opened = vi.spyOn(fs, 'openSync')
  const closed = vi.spyOn(fs, 'closeSync')
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  return () => [opened.mock.calls.length, closed.mock.calls.length]
}

const textOf = (path: string): string => fs.readFileSync(path, 'utf8')

test('a file to which much is appended is opened once, and closed a second after the last time', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const path = join(await makeTempFolder(), 'lines')
  const counts = counting()
  expect(appendTo(path, 'a\n')).toMatchObject({ end: 2 })
  vi.advanceTimersByTime(900)
  expect(appendTo(path, 'bc\n')).toEqual({ ino: fs.statSync(path).ino, end: 5 })
  vi.advanceTimersByTime(900)
  expect(counts()).toEqual([1, 0])
  vi.advanceTimersByTime(100)
  expect(counts()).toEqual([1, 1])
  appendTo(path, 'd\n')
  vi.advanceTimersByTime(1_000)
  expect(counts()).toEqual([2, 2])
  expect(textOf(path)).toBe('a\nbc\nd\n')
  expect(fs.statSync(path).mode & 0o777).toBe(0o600)
})

test('what another program has added stays in front, and is counted', async () => {
  const path = join(await makeTempFolder(), 'lines')
  appendTo(path, 'a\n')
  fs.appendFileSync(path, 'theirs\n')
  expect(appendTo(path, 'b\n')).toMatchObject({ end: 11 })
  expect(textOf(path)).toBe('a\ntheirs\nb\n')
})

test.each(['renamed', 'removed', 'replaced', 'removed with its folder'])('to a file that was %s it is told, and the next line goes to the one at the path', async (what) => {
  const folder = join(await makeTempFolder(), 'folder')
  const [path, aside] = [join(folder, 'lines'), `${folder}.aside`]
  fs.mkdirSync(folder)
  appendTo(path, 'a\n')
  const counts = counting()
  if (what === 'renamed') fs.renameSync(path, aside)
  if (what === 'removed') fs.rmSync(path)
  if (what === 'replaced') {
    fs.writeFileSync(aside, 'another\n')
    fs.renameSync(aside, path)
  }
  if (what === 'removed with its folder') fs.renameSync(folder, aside)
  expect(appendTo(path, 'b\n').end).toBe(null)
  expect(counts()).toEqual([0, 1])
  if (what === 'removed with its folder') {
    expect(() => appendTo(path, 'b\n')).toThrow(/ENOENT/)
    fs.mkdirSync(folder)
  }
  expect(appendTo(path, 'b\n')).toEqual({ ino: fs.statSync(path).ino, end: fs.statSync(path).size })
  expect(textOf(path)).toBe(what === 'replaced' ? 'another\nb\n' : 'b\n')
})

test('after a write that failed the file is opened anew, and the error names it', async () => {
  const path = join(await makeTempFolder(), 'lines')
  appendTo(path, 'a\n')
  const write = vi.spyOn(fs, 'writeSync').mockImplementationOnce(() => {
    throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
  })
  const counts = counting()
  expect(() => appendTo(path, 'b\n')).toThrow(expect.objectContaining({ code: 'EIO', path }))
  write.mockReturnValueOnce(1)
  expect(() => appendTo(path, 'b\n')).toThrow(expect.objectContaining({ code: 'ENOSPC', path }))
  appendTo(path, 'c\n')
  expect(counts()).toEqual([2, 2])
  expect(textOf(path)).toBe('a\nc\n')
})

test('a look that fails behind the line does not pass for a line that was not written', async () => {
  const folder = await makeTempFolder()
  const path = join(folder, 'lines')
  const statSync = fs.statSync.bind(fs)
  const failures = [1, 1]
  vi.spyOn(fs, 'statSync').mockImplementation(((of: fs.PathLike, ...rest: []) => {
    if (of === path && failures.pop() !== undefined) throw Object.assign(new Error('EACCES: permission denied, stat'), { code: 'EACCES' })
    return statSync(of, ...rest)
  }) as typeof fs.statSync)
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  expect(() => appendTo(path, 'a\n')).toThrow(WrittenUnseen)
  expect(textOf(path)).toBe('a\n')
  expect(() => appendTo(path, '')).toThrow(expect.objectContaining({ code: 'EACCES' })) // nothing was to be written
})

test('a pipe or a device in the place of the file is refused, and nothing stays open', async () => {
  const counts = counting()
  expect(() => appendTo('/dev/null', 'a\n')).toThrow('/dev/null is a device, and no file')
  expect(counts()).toEqual([1, 1])
})
