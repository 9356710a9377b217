import { expect, test } from 'vitest'
import { later, loadAllParts } from '../../../src/platform/later.js'

test('a part is loaded once, however often it is asked for; after a failure it is tried again', async () => {
  let times = 0
  const part = later(() => (++times === 1 ? Promise.reject(new Error('it is gone')) : Promise.resolve(times)))
  await expect(part()).rejects.toThrow('it is gone')
  expect([await part(), await part(), times]).toEqual([2, 2, 2])
})

test('all parts are loaded, and those of which one of them tells', async () => {
  const loaded: string[] = []
  later(async () => {
    loaded.push('outer')
    later(() => Promise.resolve(loaded.push('inner')))
    return Promise.resolve()
  })
  await loadAllParts()
  await loadAllParts()
  expect(loaded).toEqual(['outer', 'inner'])
})
