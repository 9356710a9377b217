import { expect, test } from 'vitest'
import { emptyReplica } from '../../../src/domain/replica.js'
import { FileStore } from '../../../src/store/file/file-store.js'

test('an epoch that could not be saved has not begun', async () => {
  const replica = { ...emptyReplica(), epoch: 'f1', rev: 7, high: 9 }
  let saves = 0
  const save = (): Promise<void> => (++saves === 1 ? Promise.reject(new Error('ENOSPC')) : Promise.resolve())
  const history = { add: () => Promise.resolve(), after: () => Promise.resolve([]), follow: () => () => Promise.resolve([]) }
  const store = new FileStore({ replica, append: () => Promise.resolve(), history, save, now: () => 1_000 })
  await expect(store.beginEpoch(null, { epoch: 'f2', atLeast: 0 })).rejects.toThrow('ENOSPC')
  expect(replica).toEqual({ ...emptyReplica(), epoch: 'f1', rev: 7, high: 9 })
  expect(await store.beginEpoch(null, { epoch: 'f2', atLeast: 0 })).toMatchObject({ epoch: 'f2', rev: 9, contains: new Map([['f1', 7]]) })
})
