import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { LocalEngine } from '../../src/core/engine.js'
import { openConnector } from '../../src/memory/engine.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Files } from '../../src/platform/files.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'
import { aWrite } from './fixtures/fake-engine.js'

/** A root with files only and no hub; `read` is how many lines were read until now, of which files. */
async function place() {
  const folder = await makeTempFolder()
  const read = { journal: 0, history: 0 }
  const files: Files = {
    ...nodeFiles,
    readLines: async (path, from) => {
      const found = await nodeFiles.readLines(path, from)
      const of = path.includes('/journal') ? 'journal' : path.includes('/history') ? 'history' : null
      if (of !== null) read[of] += found?.lines.length ?? 0
      return found
    },
  }
  const unique = (): string => randomBytes(8).toString('hex')
  const root = new RootFiles(folder, { files, clock: systemClock, processes: systemProcesses, unique })
  const fileStore = fileStoreOf(root, systemClock, () => Promise.resolve(null))
  const engine = new LocalEngine({
    watchFiles: () => () => undefined,
    leases: () => Promise.reject(new Error('nobody asks for leases here')),
    ports: {
      ...{ root, lock: root.lock, clock: systemClock, fileStore },
      connector: await openConnector({ root: folder, env: { HOME: folder, MEMORY_SYNC_REDIS: 'off' } }),
      randomId: () => randomBytes(16).toString('hex'),
      digest: (text) => createHash('sha256').update(text).digest('hex'),
    },
  })
  afterwards(() => engine.close())
  return { engine, read }
}

test('without a hub a write does not read more lines the more were written before it', async () => {
  const { engine, read } = await place()
  const write = async (from: number, to: number): Promise<typeof read> => {
    const before = { ...read }
    for (let n = from; n < to; n++) expect(await engine.write(aWrite(String(n)))).toMatchObject({ ok: true })
    const each = (of: keyof typeof read): number => (read[of] - before[of]) / (to - from)
    return { journal: each('journal'), history: each('history') }
  }
  await write(0, 300)
  // As long as the state is saved once.
  const each = await write(300, 400)
  expect(each.journal).toBeLessThan(150)
  expect(each.history).toBeLessThan(400)
})
