/** The engine of a root with everything it needs of this machine. */
import { join } from 'node:path'
import { readConfig } from '../config/file.js'
import { resolveNamespace } from '../config/redis.js'
import type { Environment } from '../config/root.js'
import { LocalEngine } from '../core/engine.js'
import { systemClock } from '../platform/clock.js'
import { randomHex, randomId, sha256 } from '../platform/digests.js'
import { later } from '../platform/later.js'
import { nodeFiles } from '../platform/node-files.js'
import { systemProcesses } from '../platform/processes.js'
import { watchFiles } from '../platform/watch-files.js'
import { fileStoreOf } from '../store/file/file-store.js'
import { RootFiles } from '../store/file/root-files.js'
import { RedisConnector } from './redis-connector.js'
import { redisOf } from './settings.js'

export interface OpenOptions {
  /** Absolute path of the root. */
  root: string
  env: Environment
  redisUrl?: string
  redisPasswordFile?: string
  /** Of the write of this process, only where somebody has sent it already, and does not know what became of it. */
  operationId?: string
  /** The hub did not answer a moment ago: it is not asked. */
  pastHub?: true
  /** And ends then: what takes long to load is left out where it can be. */
  makesOneCall?: true
  /** Messages name its options, and not the flags of a command. */
  isOfLibrary?: true
}

export async function openLocalEngine(options: OpenOptions): Promise<LocalEngine> {
  return engineWith(options, await openConnector(options))
}

/** The way to the Redis that these options mean; nothing is connected yet. */
export async function openConnector(options: OpenOptions): Promise<RedisConnector> {
  const config = await readConfig(options.env)
  return new RedisConnector(redisOf(options, config), resolveNamespace(options.env, config.redis), options.makesOneCall)
}

const loadLeasePorts = later(() => import('./lease-ports.js'))

export function engineWith(options: OpenOptions, connector: RedisConnector): LocalEngine {
  const root = rootFilesOf(options.root)
  const shared = join(options.root, 'shared_memory')
  const directories = [shared, join(shared, '.memory_sync')]
  const fileStore = fileStoreOf(root, systemClock, async (name) => {
    const { leaseFilesOf } = await loadLeasePorts()
    return (await leaseFilesOf(options.root).read(name))?.fence ?? null
  })
  return new LocalEngine({
    watchFiles: (names, changed) => watchFiles(directories.map((directory) => ({ directory, names })), changed),
    ports: {
      root,
      lock: root.lock,
      clock: systemClock,
      randomId,
      digest: sha256,
      connector,
      fileStore,
    },
    leases: async () => {
      const [{ leasePortsOf }, config] = await Promise.all([loadLeasePorts(), readConfig(options.env)])
      return leasePortsOf({ root: options.root, config, fileStore })
    },
  })
}

export const rootFilesOf = (path: string): RootFiles =>
  new RootFiles(path, {
    files: nodeFiles,
    clock: systemClock,
    processes: systemProcesses,
    unique: () => randomHex(8),
  })
