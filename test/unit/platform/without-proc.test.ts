/** A system without /proc, as macOS is: of a process nothing but its pid can be told. */
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { expect, test, vi } from 'vitest'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { systemProcesses } from '../../../src/platform/processes.js'
import { ChainLock, SILENT_MS } from '../../../src/store/file/lock.js'
import { makeTempFolder } from '../../support/temp.js'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const outside = <A extends [path: unknown, ...rest: unknown[]], T>(call: (...args: A) => T) => (...args: A): T => {
    if (String(args[0]).startsWith('/proc')) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return call(...args)
  }
  return { ...fs, readFileSync: outside(fs.readFileSync), readlinkSync: outside(fs.readlinkSync as never) }
})

const DEAD = 999_999_999
let made = 0

async function locks() {
  const directory = await makeTempFolder()
  const clock = { ms: 1_000_000 }
  const lock = (): ChainLock => new ChainLock(directory, nodeFiles, systemProcesses, () => String(made++), () => clock.ms)
  const heldBy = (pid: number): Promise<void> => writeFile(`${directory}/keeper.1`, JSON.stringify({ pid, start: '', boot: '', host: hostname() }))
  return { directory, clock, lock, heldBy }
}

test('a process that has ended is gone; of one that runs nobody can tell whether it is the same', () => {
  const self = systemProcesses.owner()
  expect(self).toEqual({ pid: process.pid, start: '', boot: '', host: hostname() })
  expect(systemProcesses.sight({ ...self, pid: DEAD }, Date.now())).toBe('gone')
  expect(systemProcesses.sight({ ...self, pid: process.ppid }, Date.now())).toBe('elsewhere')
  expect(systemProcesses.sight({ ...self, pid: DEAD, host: 'another' }, Date.now())).toBe('elsewhere')
})

test('the lock of a keeper that has ended is free at once', async () => {
  const { lock, heldBy } = await locks()
  await heldBy(DEAD)
  expect(await lock().tryAcquire()).not.toBeNull()
})

test('the lock of a keeper whose pid another process has by now is taken when it was silent for long enough', async () => {
  const { lock, heldBy, clock } = await locks()
  await heldBy(process.ppid)
  expect(await lock().tryAcquire()).toBeNull()
  clock.ms += SILENT_MS - 1
  expect(await lock().tryAcquire()).toBeNull()
  clock.ms += 1
  expect(await lock().tryAcquire()).not.toBeNull()
})

test('a hub that finds the lock taken gets it next', async () => {
  const { lock } = await locks()
  const held = (await lock().tryAcquire())!
  expect(await lock().tryAcquire('for life')).toBeNull()
  await held.release()
  expect(await lock().tryAcquire(), 'a command leaves it to the hub').toBeNull()
  expect(await lock().tryAcquire('for life')).not.toBeNull()
})
