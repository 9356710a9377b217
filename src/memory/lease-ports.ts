/** Leases of a root with everything they need of this machine. */
import { join } from 'node:path'
import type { Config } from '../config/file.js'
import type { LeasePorts } from '../core/lease-arbiter.js'
import type { LocalSequencer } from '../core/ports.js'
import { LONGEST_LEASE_MS } from '../domain/lease.js'
import { MemoryError } from '../errors/errors.js'
import { randomHex } from '../platform/digests.js'
import { later } from '../platform/later.js'
import { nodeFiles } from '../platform/node-files.js'
import { isHolderGone } from '../platform/processes.js'
import { momentNow } from '../platform/uptime.js'
import { watchFiles } from '../platform/watch-files.js'
import type { Store } from '../store/contract.js'
import type { FileStore } from '../store/file/file-store.js'
import { LeaseFiles } from '../store/file/lease-files.js'
import { FileLeases } from '../store/file/leases.js'
import type { LeaseStore } from '../store/lease-contract.js'
import type { RedisStore } from '../store/redis/store.js'

export const leaseFilesOf = (root: string): LeaseFiles =>
  new LeaseFiles(join(root, 'shared_memory', '.memory_sync', 'leases'), nodeFiles, () => randomHex(8), momentNow)

export interface LeaseParts {
  root: string
  config: Config
  fileStore: (keeper: LocalSequencer) => FileStore
}

export function leasePortsOf({ root, config, fileStore }: LeaseParts): LeasePorts {
  const leases = leaseFilesOf(root)
  const watch = (changed: () => void): (() => void) => watchFiles([{ directory: leases.directory, names: 'all' }], changed)
  const wall = (): number => Date.now()
  const local = (keeper: LocalSequencer): LeaseStore => {
    const store = fileStore(keeper)
    return new FileLeases({ leases, watch, wall, number: (draft, floor) => store.number(draft, floor) })
  }
  const { strict = false, maxTtlSeconds } = config.lock
  return {
    ...{ local, kept: leases },
    looker: new FileLeases({ leases, watch, wall, number: onlyTheKeeper }),
    shared,
    settings: { strict, longestMs: maxTtlSeconds === undefined ? LONGEST_LEASE_MS : Math.round(maxTtlSeconds * 1_000) },
    isGone: isHolderGone,
  }
}

const loadLeases = later(() => import('../store/redis/load-leases.js'))
const known = new WeakMap<Store, Promise<LeaseStore>>()

/** One for each connection. */
function shared(store: Store): Promise<LeaseStore> {
  let leases = known.get(store)
  if (leases === undefined) known.set(store, (leases = loadLeases().then(({ redisLeasesOf }) => redisLeasesOf(store as RedisStore))))
  return leases
}

const onlyTheKeeper = (): Promise<never> =>
  Promise.reject(new MemoryError('internal', 'only the keeper of a root gives its changes revisions'))
