/** What a rollback does about what it could not end, and about a root that is gone. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { look } from '../../../src/install/disk.js'
import { type InstallRecord, readRecord, type RecordEntry, writeRecord } from '../../../src/install/record.js'
import { removeService, rollBack, type RollbackOptions } from '../../../src/install/rollback.js'
import type { Undone } from '../../../src/install/undo.js'
import { makeTempFolder } from '../../support/temp.js'

const NOTE = 'the private Redis there may still run: it does not end'

/** An installation of one file a step, and the folder of a Redis. */
async function installed(record: Partial<InstallRecord> = {}): Promise<{ home: string; options: RollbackOptions; stays: Undone }> {
  const home = await makeTempFolder('ms-ro-')
  for (const name of ['record', 'redis', 'root/shared_memory']) mkdirSync(`${home}/${name}`, { recursive: true })
  const entries = ['program', 'settings', 'hooks'].map((step): RecordEntry => {
    const path = `${home}/${step}`
    writeFileSync(path, step)
    return { path, step, part: 'whole', before: { is: 'absent' }, after: look(path), previous: null, foreign: false }
  })
  const whole: InstallRecord = {
    ...{ format: 1, version: '0.1.0', root: `${home}/root`, startedAt: '', finishedAt: '', redis: null, service: null, entries },
    ...record,
  }
  writeRecord(`${home}/record`, whole)
  const options: RollbackOptions = {
    ...{ folder: `${home}/record`, record: whole, manager: null, takeOut: () => null, dryRun: false, say: () => undefined },
    ...{ clock: { pause: () => Promise.resolve() }, endPrivateRedis: () => Promise.resolve(null) },
  }
  return { home, options, stays: { path: `${home}/redis`, did: 'failed', note: NOTE } }
}

test('where a private Redis does not end, its data, settings, program and record stay for the next rollback, which takes them back', async () => {
  const { home, options, stays } = await installed()
  const purged = [`${home}/redis`, `${home}/root/shared_memory`]
  const isThere = (): boolean[] => ['redis', 'settings', 'program', 'hooks', 'root/shared_memory'].map((name) => existsSync(`${home}/${name}`))
  const { undone, left } = await rollBack({ ...options, purged, endPrivateRedis: () => Promise.resolve(stays) })
  expect(left).toEqual([`${home}/redis: ${NOTE}`])
  expect(undone.filter(({ did }) => did === 'purged').map(({ path }) => path)).toEqual([`${home}/root/shared_memory`])
  expect(isThere()).toEqual([true, true, true, false, false])
  const record = readRecord(`${home}/record`)
  expect(record?.entries.map(({ step }) => step)).toEqual(['program', 'settings'])
  expect((await rollBack({ ...options, record: record!, purged })).left).toEqual([])
  expect(isThere()).toEqual([false, false, false, false, false])
  expect(readRecord(`${home}/record`)).toBeNull()
})

test('the removal of a service tells of a private Redis that does not end', async () => {
  const { options, stays } = await installed()
  expect(await removeService({ ...options, endPrivateRedis: () => Promise.resolve(stays) })).toEqual({ undone: [stays], left: [`${stays.path}: ${NOTE}`] })
})

test.each([true, false])('the agent of a test is removed only where the root is there: %s', async (isRoot) => {
  const { home, options } = await installed({ testAgent: true })
  const [removeTestAgent, say] = [vi.fn(() => Promise.resolve(null)), vi.fn()]
  options.record.root = isRoot ? `${home}/root` : `${home}/gone`
  expect((await rollBack({ ...options, removeTestAgent, say })).left).toEqual([])
  expect(removeTestAgent).toHaveBeenCalledTimes(isRoot ? 1 : 0)
  expect(say.mock.calls.flat()).toEqual(isRoot ? [] : [expect.stringContaining(`${home}/gone is gone`)])
  expect(existsSync(`${home}/gone`)).toBe(false)
})
