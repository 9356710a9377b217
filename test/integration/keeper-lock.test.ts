import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { type Processes, systemProcesses } from '../../src/platform/processes.js'
import { ChainLock, SILENT_MS, WISH_MS } from '../../src/store/file/lock.js'
import { makeTempFolder } from '../support/temp.js'

let made = 0
const lockOf = (directory: string, files: Files): ChainLock =>
  new ChainLock(directory, files, systemProcesses, () => String(made++))

async function turns(lock: ChainLock, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await (await lock.tryAcquire())!.release()
}

test.each([0, 1])('who looked after %i turns and goes on only when the links of then are swept is not the keeper', async (before) => {
  const directory = await makeTempFolder()
  const others = lockOf(directory, nodeFiles)
  await turns(others, before)
  let held: Awaited<ReturnType<ChainLock['tryAcquire']>> = null
  const late = lockOf(directory, {
    ...nodeFiles,
    link: async (from, to) => {
      await turns(others, 8) // meanwhile the process did not run
      held = await others.tryAcquire()
      return nodeFiles.link(from, to)
    },
  })
  expect(await late.tryAcquire()).toBeNull()
  expect(held).not.toBeNull()
  expect(await others.tryAcquire(), 'the holder has it still').toBeNull()
})

describe('a lock that was linked, when the disk fails right after', () => {
  /** From the first link on, as often as `times` says. */
  function failing(what: 'list' | 'read' | 'remove', times = 1): Files {
    let [left, next] = [0, times]
    return {
      ...nodeFiles,
      link: async (from, to) => {
        const linked = await nodeFiles.link(from, to)
        ;[left, next] = [next, 0]
        return linked
      },
      [what]: (path: string) => (left-- > 0 ? Promise.reject(new Error('EIO')) : nodeFiles[what](path)),
    }
  }

  test.each([['the look at the chain', 'list', 1], ['the look at the one before', 'read', 1], ['the removal of old links', 'remove', 3]] as const)('is free again: %s', async (_, what, times) => {
    const directory = await makeTempFolder()
    await turns(lockOf(directory, nodeFiles), 5)
    await expect(lockOf(directory, failing(what, times)).tryAcquire()).rejects.toThrow('EIO')
    expect(await lockOf(directory, nodeFiles).tryAcquire()).not.toBeNull()
  })

  test('is held, where only its temporary file could not be removed', async () => {
    const directory = await makeTempFolder()
    const held = await lockOf(directory, failing('remove')).tryAcquire()
    expect(held).not.toBeNull()
    expect(await lockOf(directory, nodeFiles).tryAcquire()).toBeNull()
    await held!.release()
    expect(await lockOf(directory, nodeFiles).tryAcquire()).not.toBeNull()
  })

  test('is taken again by the same process, where it could not be released either', async () => {
    const directory = await makeTempFolder()
    await turns(lockOf(directory, nodeFiles), 1)
    const lock = lockOf(directory, failing('read', 2))
    await expect(lock.tryAcquire()).rejects.toThrow('EIO')
    expect(await lockOf(directory, nodeFiles).tryAcquire(), 'others see a process that lives').toBeNull()
    const held = (await lock.tryAcquire())!
    expect(held).not.toBeNull()
    await held.release()
    expect(await lockOf(directory, nodeFiles).tryAcquire()).not.toBeNull()
  })
})

test('a lock whose release the full disk has no room for is taken again by the same process', async () => {
  const directory = await makeTempFolder()
  let isFull = false
  const lock = lockOf(directory, { ...nodeFiles, write: (path, text, options) => (isFull ? Promise.reject(new Error('ENOSPC')) : nodeFiles.write(path, text, options)) })
  const held = (await lock.tryAcquire())!
  isFull = true
  await expect(held.release()).rejects.toThrow('ENOSPC')
  isFull = false
  expect(await lock.tryAcquire()).not.toBeNull()
  expect(await lock.tryAcquire(), 'that one is held').toBeNull()
})

describe('a hub that finds the lock taken', () => {
  const running = (pid: number, ends: { now: number }): Processes => ({
    ...systemProcesses,
    owner: () => ({ pid, start: '', boot: '', host: pid === 3 ? 'there' : 'here' }),
    sight: (owner) => (owner.pid < 0 ? 'gone' : owner.pid === 3 ? 'elsewhere' : pid === owner.pid || ends.now === 0 ? 'alive' : 'gone'),
  })

  async function wished(pid = 1) {
    const directory = await makeTempFolder()
    const [clock, ended] = [{ now: 1_000_000 }, { now: 0 }]
    const of = (who: number): ChainLock => new ChainLock(directory, nodeFiles, running(who, ended), () => String(made++), () => clock.now)
    const [hub, command] = [of(pid), of(2)]
    const held = (await command.tryAcquire())!
    expect(await hub.tryAcquire('for life')).toBeNull()
    return { directory, hub, command, held, clock, ended }
  }

  test('gets it next, however fast the commands are, and then they wait for it', async () => {
    const { hub, command, held } = await wished()
    await held.release()
    expect(await command.tryAcquire()).toBeNull()
    const own = (await hub.tryAcquire('for life'))!
    expect(own).not.toBeNull()
    await own.release()
    expect(await command.tryAcquire(), 'it has what it wished for').not.toBeNull()
  })

  test('keeps nobody waiting once it was stopped', async () => {
    const { command, held, clock } = await wished()
    await held.release()
    clock.now += WISH_MS - 1
    expect(await command.tryAcquire()).toBeNull()
    clock.now += 1
    expect(await command.tryAcquire()).not.toBeNull()
  })

  test('is waited for as long as it tries', async () => {
    const { hub, command, clock } = await wished()
    for (let n = 0; n < 5; n++) {
      clock.now += WISH_MS - 1
      expect(await hub.tryAcquire('for life')).toBeNull()
    }
    expect(await command.tryAcquire()).toBeNull()
  })

  test.each([
    ['was killed', 1, async ({ ended }: { ended: { now: number } }) => void (ended.now = 1)],
    ['is elsewhere, where nobody sees it', 3, async () => undefined],
    ['was cut off while it wrote', 1, async ({ directory }: { directory: string }) => writeFile(`${directory}/keeper.wish`, '{"pid":')],
    ['is nothing of ours', 1, async ({ directory }: { directory: string }) => writeFile(`${directory}/keeper.wish`, '{}')],
    ['is of another boot', 1, async ({ clock }: { clock: { now: number } }) => void (clock.now = 5)],
  ])('keeps nobody waiting when it %s', async (_, pid, happens) => {
    const world = await wished(pid)
    await world.held.release()
    if (pid !== 3) expect(await world.command.tryAcquire()).toBeNull()
    await happens(world)
    expect(await world.command.tryAcquire()).not.toBeNull()
  })
})

test.each(['{}', '5', 'null', '{"pid":1}'])('a link that nobody of us has written (%s) keeps nobody out', async (text) => {
  const directory = await makeTempFolder()
  await writeFile(`${directory}/keeper.1`, text)
  expect(await lockOf(directory, nodeFiles).tryAcquire()).not.toBeNull()
})

test('who waits sees that the holder lives', async () => {
  const directory = await makeTempFolder()
  const lock = lockOf(directory, nodeFiles)
  await lock.tryAcquire()
  const before = (await lock.holder())!
  expect(before).toMatchObject({ pid: process.pid, turn: 1 })
  await utimes(`${directory}/keeper.1`, 1_000, 1_000)
  expect(await lock.holder()).toEqual({ ...before, touchedAt: 1_000_000 })
})

test.each(['removed', 'removed with its folder', 'made anew by another under the same number'])('a lock that was %s is not ours any more, at once', async (what) => {
  const directory = `${await makeTempFolder()}/locks`
  await mkdir(directory)
  const held = (await lockOf(directory, nodeFiles).tryAcquire())!
  expect(await held.isOurs()).toBe(true)
  await utimes(`${directory}/keeper.1`, 1_000, 1_000) // it is ours whenever it was touched
  expect(await held.isOurs()).toBe(true)
  await rm(what === 'removed with its folder' ? directory : `${directory}/keeper.1`, { recursive: true })
  const next = what.startsWith('made') ? await lockOf(directory, nodeFiles).tryAcquire() : null
  expect(await held.isOurs()).toBe(false)
  await held.release()
  if (next !== null) expect(await next.isOurs()).toBe(true)
  expect(await lockOf(directory, nodeFiles).holder()).toEqual(next === null ? null : expect.objectContaining({ turn: 1 }))
})

describe('a holder elsewhere', () => {
  const at = (host: string, boot = ''): Processes => ({
    ...systemProcesses,
    owner: () => ({ pid: process.pid, start: '', boot, host }),
    sight: (owner) => (owner.host === host ? 'alive' : 'elsewhere'),
  })

  async function held() {
    const directory = await makeTempFolder()
    const clock = { there: 0, here: 5_000_000 }
    const there = new ChainLock(directory, nodeFiles, at('there'), () => String(made++), () => clock.there)
    const here = (): ChainLock => new ChainLock(directory, nodeFiles, at('here'), () => String(made++), () => clock.here) // a process each
    const lock = (await there.tryAcquire())!
    expect(await here().tryAcquire()).toBeNull()
    return { directory, clock, here, lock }
  }

  test('has the lock until nobody here has seen it touched for the whole time', async () => {
    const { directory, clock, here } = await held()
    clock.here += SILENT_MS - 1
    expect(await here().tryAcquire()).toBeNull()
    expect(await here().holder()).toMatchObject({ turn: 1 })
    await utimes(`${directory}/keeper.1`, 1_000, 1_000) // whatever his clock says
    clock.here += SILENT_MS
    expect(await here().tryAcquire(), 'it was touched, some time ago').toBeNull()
    clock.here += SILENT_MS - 1
    expect(await here().tryAcquire()).toBeNull()
    clock.here += 1
    expect(await here().holder()).toBeNull()
    expect(await here().tryAcquire()).not.toBeNull()
  })

  test('that comes back late knows that it has lost the lock, touches it no more, and ends nobody else’s', async () => {
    const { clock, here, lock } = await held()
    clock.here += SILENT_MS
    expect(await here().tryAcquire()).not.toBeNull()
    clock.there += SILENT_MS
    expect(await lock.isOurs()).toBe(false)
    await lock.release()
    expect(await here().tryAcquire()).toBeNull()
  })

  test('that comes back late, and was not missed, goes on', async () => {
    const { clock, here, lock } = await held()
    clock.there += SILENT_MS
    expect(await lock.isOurs()).toBe(true)
    clock.here += SILENT_MS
    expect(await here().tryAcquire(), 'it was touched').toBeNull()
    await lock.release()
    expect(await here().tryAcquire()).not.toBeNull()
  })
})

test('a process of another machine is elsewhere, also with a pid of ours; one of before this boot is gone', () => {
  const { owner, sight } = systemProcesses
  const self = owner()
  expect(sight(self, 0)).toBe('alive')
  expect(sight({ ...self, pid: 999_999_999 }, 0)).toBe('gone')
  const other = self.boot === '' ? { ...self, host: 'other' } : { ...self, boot: '0-0/1' }
  expect(sight({ ...other, host: 'other' }, 0)).toBe('elsewhere')
  expect(sight({ ...other, host: 'other' }, Date.now())).toBe('elsewhere')
  if (self.boot === '') return
  expect(sight(other, Date.now()), 'a machine of the same name').toBe('elsewhere')
  expect(sight(other, 1_000)).toBe('gone')
  expect(sight({ ...self, boot: `${self.boot}9` }, 0), 'another namespace of pids').toBe('elsewhere')
})
