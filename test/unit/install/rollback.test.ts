/** What a rollback says of what it could not end. */
import { expect, test } from 'vitest'
import type { InstallRecord } from '../../../src/install/record.js'
import { removeService, rollBack, type RollbackOptions } from '../../../src/install/rollback.js'
import type { Undone } from '../../../src/install/undo.js'
import { makeTempFolder } from '../../support/temp.js'

test.each([rollBack, removeService])('a private Redis that does not end is left, and the rest is taken back', async (takeBack) => {
  const root = await makeTempFolder('ms-ro-')
  const record: InstallRecord = { format: 1, version: '0.1.0', root, startedAt: '', finishedAt: '', redis: null, service: null, entries: [] }
  const stays: Undone = { path: `${root}/redis`, did: 'left', note: 'the private Redis there may still run: it does not end' }
  const options: RollbackOptions = {
    ...{ folder: `${root}/record`, record, manager: null, takeOut: () => null, dryRun: false, say: () => undefined },
    ...{ clock: { pause: () => Promise.resolve() }, endPrivateRedis: () => Promise.resolve(stays) },
  }
  expect(await takeBack(options)).toEqual({ undone: [stays], left: [`${stays.path}: ${stays.note!}`] })
})
