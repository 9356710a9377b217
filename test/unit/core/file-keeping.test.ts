import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { FileKeeping } from '../../../src/core/file-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import { RootCopy } from '../../../src/core/root-copy.js'
import { applyChange, emptyEntry } from '../../../src/domain/entry.js'
import { formatDocument } from '../../../src/domain/document.js'
import { RootFiles } from '../../../src/store/file/root-files.js'
import { REPLACED_AFTER_MS } from '../../../src/store/root.js'
import { Disk, filesOf } from '../../sim/fake-files.js'
import type { Process } from '../../sim/scheduler.js'

/** A keeper's file on a disk in memory; `at` is the clock, `lists` how often a directory was listed. */
function place() {
  const world = { at: 1_000_000, lists: 0, names: 0 }
  const disk = new Disk(() => world.at)
  const files = filesOf(disk, { gate: () => Promise.resolve() } as Process)
  const clock = { now: () => world.at, ticks: () => world.at, offsetMinutes: () => 0, pause: () => Promise.resolve() }
  const listed = { ...files, list: (path: string) => (world.lists++, files.list(path)) }
  const root = new RootFiles('/r', { files: listed, clock, processes: {} as never, unique: () => `u${world.names++}` })
  const copy = new RootCopy(clock)
  const ports = { root, clock, digest: (text: string) => createHash('sha256').update(text).digest('hex'), tell: () => undefined }
  const keeping = new FileKeeping(ports as unknown as Ports, copy)
  const write = async (rev: number): Promise<void> => {
    const entry = emptyEntry()
    applyChange(entry, { target: 'agent:mary', kind: 'set', by: 'x', id: `c${rev}`, t: rev, rev, prev: 0, epoch: 'r1', leaves: [{ path: '/n', value: String(rev) }] })
    copy.replica = { ...copy.replica, epoch: 'r1', rev, t: world.at, entries: new Map([['agent:mary', entry]]) }
    await keeping.putOut('now')
  }
  const replaced = (): string[] => [...disk.names.keys()].filter((name) => name.includes('/replaced.'))
  return { world, disk, root, ports: ports as unknown as Ports, copy, keeping, write, replaced }
}

test('however many rounds there are, what was replaced is looked for some times a second, and as long as somebody may write to it', async () => {
  const { world, keeping, write, replaced } = place()
  await keeping.begin()
  await keeping.takeIn()
  await write(1)
  await keeping.takeIn()
  await write(2)
  expect(replaced()).toHaveLength(1)
  world.lists = 0
  const end = world.at + 2 * REPLACED_AFTER_MS
  for (; keeping.isUnsettled && world.at < end; world.at += 5) await keeping.takeIn()
  expect(world.lists).toBeLessThanOrEqual(12)
  expect(replaced()).toEqual([])
  expect(world.at).toBeLessThan(end)
})

test('what a keeper before has replaced is looked at as soon as that one could', async () => {
  const { world, disk, keeping, replaced } = place()
  await keeping.begin()
  disk.create(`/r/shared_memory/.memory_sync/replaced.${world.at}.abc`, '{"agents":{}}')
  const end = world.at + 2 * REPLACED_AFTER_MS
  for (; keeping.isUnsettled && world.at < end; world.at += 100) await keeping.takeIn()
  expect(replaced()).toEqual([])
})

test('what was replaced and is being written is looked at until it can be judged', async () => {
  const { world, disk, keeping, replaced } = place()
  await keeping.begin()
  const torn = disk.create(`/r/shared_memory/.memory_sync/replaced.${world.at}.abc`, '{"agents":{')
  world.at += REPLACED_AFTER_MS
  disk.touch(torn) // somebody writes just now
  const end = world.at + 3 * REPLACED_AFTER_MS
  await keeping.takeIn()
  expect(replaced()).toHaveLength(1)
  for (; keeping.isUnsettled && world.at < end; world.at += 100) await keeping.takeIn()
  expect(replaced()).toEqual([])
})

test('the text is that of this moment, however often it is asked for', async () => {
  const { world, copy, keeping, write } = place()
  await keeping.begin()
  const isCurrent = (): void => {
    expect(keeping.text()).toBe(formatDocument(keeping.compose()))
  }
  isCurrent()
  await write(1)
  isCurrent()
  for (const n of [2, 3]) {
    const op = { id: `op${n}`, t: world.at + n, target: 'agent:mary', kind: 'set' as const, base: 0, baseEpoch: 'r1', by: 'x', root: 'r', edits: [{ do: 'set' as const, path: '/n', value: String(n) }] }
    copy.open.add({ op })
    isCurrent()
    expect(keeping.text()).toContain(`"n": ${n}`)
  }
  copy.replica = { ...copy.replica, rev: copy.replica.rev + 1 }
  isCurrent()
  copy.takeOrder(new Map([['rev', '1'], ['agents', '{}']]))
  isCurrent()
})

test('what a root that stood here before has replaced deletes nothing of the one that was put back', async () => {
  const { world, disk, copy, keeping, write, replaced } = place()
  await keeping.begin()
  await keeping.takeIn()
  await write(1)
  disk.create(`/r/shared_memory/.memory_sync/replaced.${world.at}.abc`, '{"agents":{"gc":{"n":1}},"rev":217000000000}')
  world.at += REPLACED_AFTER_MS
  await keeping.takeIn()
  expect(replaced()).toEqual([])
  expect(copy.open.all().map(({ op }) => [op.target, op.edits])).toEqual([['agent:gc', [{ do: 'set', path: '/n', value: '1' }]]])
  expect([...disk.names.keys()].filter((name) => name.includes('/aside/'))).toHaveLength(1)
})

test('a file that somebody has only closed is moved aside and restored, and one that has got another mode stays', async () => {
  const { world, disk, keeping, write } = place()
  const path = '/r/shared_memory/context.json'
  await keeping.begin()
  await keeping.takeIn()
  await write(1)
  world.at += 2_000
  await keeping.takeIn()
  const aside = (): string[] => [...disk.names.keys()].filter((name) => name.includes('/aside/'))
  const written = disk.get(path)!
  written.mode = 0o600
  expect(await keeping.isTouched()).toBe(true)
  await keeping.takeIn()
  expect(await keeping.isTouched()).toBe(false)
  expect(aside()).toEqual([])
  written.mode = 0
  expect(await keeping.isTouched()).toBe(true)
  await keeping.takeIn()
  await keeping.putOut('now')
  expect(aside().map((name) => disk.get(name))).toEqual([written])
  expect(disk.get(path)).toMatchObject({ text: written.text, mode: 0o600 }) // who closed it did not mean to open it to everybody
})

test('an edit is not later than now, whatever time the file has', async () => {
  const { world, disk, copy, keeping, write } = place()
  const path = '/r/shared_memory/context.json'
  await keeping.begin()
  await keeping.takeIn()
  await write(1)
  world.at += 1_000
  const edited = disk.create(path, disk.get(path)!.text.replace('"n": 1', '"n": 7'))
  edited.mtimeMs = Date.parse('2099-01-01T00:00:00Z')
  await keeping.takeIn()
  expect(copy.open.all().map(({ op }) => op.t)).toEqual([world.at])
})

test('an edit has the same ids for whoever finds it after a kill, and the same text in the place of a later version is another one', async () => {
  const { world, disk, root, ports, copy, keeping, write } = place()
  const path = '/r/shared_memory/context.json'
  const ids = (of = copy): string[] => of.open.all().map(({ op }) => op.id)
  await keeping.begin()
  await keeping.takeIn()
  await write(1)
  world.at += 1_000
  const edited = disk.create(path, disk.get(path)!.text.replace('"n": 1', '"n": 7'))
  world.at += 1_000
  vi.spyOn(root.versions, 'merged').mockRejectedValueOnce(new Error('killed'))
  await expect(keeping.takeIn()).rejects.toThrow('killed')
  expect(ids()).toHaveLength(1)

  const later = new RootCopy({ now: () => world.at })
  later.replica = copy.replica
  const next = new FileKeeping(ports, later)
  await next.begin()
  await next.takeIn()
  expect(ids(later)).toEqual(ids())

  await keeping.takeIn()
  await write(2)
  world.at += 1_000
  await keeping.takeIn()
  expect(disk.get(path)!.ino).not.toBe(edited.ino)
  expect(ids()).toHaveLength(1)
  disk.names.set(path, { ...edited }) // as `cp -p` or `rsync -a` of the same template does it, where the inode is free again
  await keeping.takeIn()
  expect(ids()).toHaveLength(2)
})
