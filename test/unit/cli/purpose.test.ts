import { afterEach, expect, test, vi } from 'vitest'
import { answer } from '../../../src/cli/fast.js'
import { makeTempFolder } from '../../support/temp.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

test.each([
  [['get'], '', 'reading-any'],
  [['get', '.agents'], 'off', 'reading-files'],
  [['set', 'mary', 'a=1'], '', 'writing-any'],
  [['update', 'mary', 'active'], 'off', 'writing-files'],
])('%j with MEMORY_SYNC_REDIS=%j is loaded for %s', async (argv, redis, purpose) => {
  vi.stubEnv('MEMORY_SYNC_ROOT', await makeTempFolder())
  vi.stubEnv('MEMORY_SYNC_REDIS', redis)
  vi.stubEnv('MEMORY_SYNC_CONTENT_TYPE', undefined)
  const asked: string[] = []
  const performed = { code: 0, stdout: '', stderr: '' }
  const loadSelf = (wanted: string): never => (asked.push(wanted), { performHere: () => Promise.resolve(performed) }) as never
  expect(await answer(argv, { version: '0', loadSelf })).toBe(performed)
  expect(asked).toEqual([purpose])
})
