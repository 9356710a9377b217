import { expect, test } from 'vitest'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { ChainLock } from '../../src/store/file/lock.js'
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
