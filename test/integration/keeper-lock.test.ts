import { utimes } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { type Processes, systemProcesses } from '../../src/platform/processes.js'
import { ChainLock, SILENT_MS } from '../../src/store/file/lock.js'
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
