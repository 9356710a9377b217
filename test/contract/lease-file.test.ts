import { randomBytes } from 'node:crypto'
import { emptyReplica } from '../../src/domain/replica.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { watchFiles } from '../../src/platform/watch-files.js'
import { FileStore } from '../../src/store/file/file-store.js'
import { LeaseFiles } from '../../src/store/file/lease-files.js'
import { FileLeases } from '../../src/store/file/leases.js'
import { RootFiles } from '../../src/store/file/root-files.js'
import { makeTempFolder } from '../support/temp.js'
import { leaseContract } from './lease-contract.js'
import { begin } from './support/harness.js'

const unique = (): string => randomBytes(8).toString('hex')

leaseContract('file', async () => {
  const folder = await makeTempFolder()
  const root = new RootFiles(folder, { files: nodeFiles, clock: systemClock, processes: systemProcesses, unique })
  await root.prepare()
  const replica = emptyReplica()
  let passed = 0
  const moment = (): { boot: string; ms: number; wall: number } => ({ boot: 'b', ms: passed, wall: 0 }) // the wall clock stands still
  const files = new LeaseFiles(`${folder}/leases`, nodeFiles, unique, moment)
  const store = new FileStore({
    replica,
    append: (line) => root.append(line),
    history: root.history,
    save: () => Promise.resolve(),
    now: () => 1_700_000_000_000,
    fenceOf: async (name) => (await files.read(name))?.fence ?? null,
  })
  await begin({ store, newEpoch: () => 'f1' })
  const leases = new FileLeases({
    leases: files,
    number: (draft, floor) => store.number(draft, floor),
    watch: (changed) => watchFiles([{ directory: files.directory, names: 'all' }], changed),
    wall: () => 1_700_000_000_000,
  })
  return {
    ...{ leases, store },
    context: (of = 'root-a') =>
      Promise.resolve({ epoch: 'f1', floor: 0, root: of, t: 1_700_000_000_000, longestMs: 30_000, strict: false }),
    pass: (ms) => {
      passed += ms
      return Promise.resolve()
    },
  }
})
