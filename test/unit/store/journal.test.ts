import fs, { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Operation } from '../../../src/domain/operation.js'
import type { Files } from '../../../src/platform/files.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { Journal } from '../../../src/store/file/journal.js'
import type { JournalLine, JournalTail } from '../../../src/store/root.js'
import { makeTempFolder } from '../../support/temp.js'

const line = (id: string, rev?: number): JournalLine => {
  const op: Operation = { id, t: 1, target: 'agent:é', kind: 'set', edits: [{ do: 'set', path: '/n', value: '"ü"' }], base: 0, baseEpoch: '', by: 'x', root: 'r' }
  return rev === undefined ? { op } : { op, rev, epoch: 'r1' }
}

const idsOf = (lines: readonly JournalLine[]): string[] => lines.map((found) => ('op' in found ? found.op.id : found.change.id))

/** A journal that this process writes and follows, and the same one as another process writes it. */
async function place() {
  const folder = await makeTempFolder()
  let read = 0
  const files: Files = { ...nodeFiles, readLines: (path, from) => (read++, nodeFiles.readLines(path, from)) }
  const [own, others] = [new Journal(folder, files), new Journal(folder, nodeFiles)]
  let tail: JournalTail = (await own.readAfter(0))!.tail
  const followed: string[] = []
  const follow = async (): Promise<number> => {
    read = 0
    const found = await own.readSince(tail)
    tail = found.tail
    followed.push(...idsOf(found.lines))
    return read
  }
  const written = (): string[] =>
    readFileSync(`${folder}/journal`, 'utf8').split('\n').filter((text) => text.startsWith('{')).map((text) => (JSON.parse(text) as { op: Operation }).op.id)
  return { own, others, follow, followed, written, folder }
}

test('what a process has appended itself it does not read back', async () => {
  const { own, follow, followed } = await place()
  await own.append(line('a'))
  await follow() // the file was not there before
  await own.append(line('b'))
  await Promise.all([own.append(line('c', 1)), own.append(line('d', 2))])
  expect(await follow()).toBe(0)
  expect(await follow()).toBe(0)
  await own.append(line('e'))
  expect(await follow()).toBe(0)
  expect(followed).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('with lines of others before, between and behind its own, each is followed once, in the order of the journal', async () => {
  const { own, others, follow, followed, written } = await place()
  let seed = 7
  const chance = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n
  let ids = 0
  const next = (): string => String(++ids)
  for (let n = 0; n < 300; n++) {
    const what = [() => own.append(line(next())), () => own.append(line(next(), n)), () => others.append(line(next())), follow]
    const now = Array.from({ length: 1 + chance(3) }, () => what[chance(what.length)]!)
    // A follower is asked for one at a time.
    if (now.includes(follow)) for (const action of now) await action()
    else await Promise.all(now.map((action) => action()))
    if (n % 50 === 25) await own.seal(n)
  }
  await follow()
  expect(followed.slice(-written().length)).toEqual(written())
  expect(new Set(followed).size).toBe(followed.length)
})

test('while it is appended to, too, each line is followed once', async () => {
  const { own, others, follow, followed, written } = await place()
  for (let n = 0; n < 200; n++) await Promise.all([own.append(line(`o${n}`)), follow(), others.append(line(`x${n}`)), own.append(line(`r${n}`, n))])
  await follow()
  expect(followed).toEqual(written())
})

test('a line of which a full disk took a part was refused, wherever it was cut: it is never read', async () => {
  const { own, folder } = await place()
  await own.append(line('first'))
  const before = readFileSync(`${folder}/journal`, 'latin1')
  await own.append(line('cut'))
  const whole = readFileSync(`${folder}/journal`, 'latin1')
  for (let end = before.length; end < whole.length; end++) {
    writeFileSync(`${folder}/journal`, whole.slice(0, end), 'latin1')
    const other = new Journal(folder, nodeFiles)
    await other.append(line('next'))
    expect(idsOf((await other.readAfter(0))!.lines)).toEqual(['first', 'next'])
  }
})

test('a line behind which the journal cannot be looked at is not refused as one that was not written: it may be kept', async () => {
  const { own, written } = await place()
  await own.append(line('a'))
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  vi.spyOn(fs, 'statSync').mockImplementationOnce(() => {
    throw Object.assign(new Error('EACCES: permission denied, stat'), { code: 'EACCES' })
  })
  const refused = own.append(line('b'))
  await expect(refused).rejects.toMatchObject({ code: 'unknown-outcome', message: expect.stringContaining('not known') })
  expect(written()).toEqual(['a', 'b'])
})

test('a segment that is a link that leads nowhere is told, and not looked for again and again', async () => {
  const { own, folder } = await place()
  symlinkSync('/nonexistent/x', `${folder}/journal.3`)
  await expect(own.readAfter(2)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(`${folder}/journal.3`) as string })
  expect(await own.readAfter(3)).not.toBeNull()
})
