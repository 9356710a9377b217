import { randomBytes } from 'node:crypto'
import { emptyReplica } from '../../src/domain/replica.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { FileStore } from '../../src/store/file/file-store.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { makeTempFolder } from '../support/temp.js'
import { storeContract } from './store-contract.js'

let epochs = 0

storeContract('file', async () => {
  const folder = await makeTempFolder()
  const root = new RootFiles(folder, {
    files: nodeFiles,
    clock: systemClock,
    processes: systemProcesses,
    unique: () => randomBytes(8).toString('hex'),
  })
  await root.prepare()
  const replica = emptyReplica()
  const store = new FileStore({
    replica,
    append: (line) => root.append(line),
    history: root.history,
    save: async () => {
      await root.save({ generation: 0, replica, carry: [], order: [], skewMs: 0 })
    },
    now: () => 1_700_000_000_000,
  })
  return { store, newEpoch: () => `f${++epochs}` }
})
