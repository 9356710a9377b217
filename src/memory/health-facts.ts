/** Looks at everything that health speaks of. Nothing is changed by looking. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stateFolderOf } from '../client/socket-path.js'
import { readConfig } from '../config/file.js'
import { privateRedisOf } from '../config/private-redis.js'
import type { LocalEngine } from '../core/engine.js'
import type { Examination } from '../core/inspection.js'
import type { Status } from '../core/memory.js'
import { stringOf, type Tree, type TreeMap } from '../domain/json.js'
import { describeTarget } from '../domain/operation.js'
import { messageOf, NotTaken } from '../errors/errors.js'
import type { AgentFact, Facts, HubFact } from '../health/facts.js'
import { BUILD } from '../platform/build.js'
import { systemClock } from '../platform/clock.js'
import type { RootFiles } from '../store/file/root-files.js'
import { engineWith, type OpenOptions, openConnector, rootFilesOf } from './engine.js'
import { hubOf, hubPidsOf } from './facts/hub-facts.js'
import { passwordKind, redisOf as lookAtRedis } from './facts/redis-facts.js'
import { closedToUs, diskOf, fileLeadsTo, inboxOf, leftoversOf, openToOthers, spoolOf, whyNotMade } from './facts/root-facts.js'
import { secretsOf } from './facts/secret-facts.js'
import { leaseFilesOf } from './lease-ports.js'
import type { RedisConnector } from './redis-connector.js'
import { redisOf } from './settings.js'

export interface FactOptions extends OpenOptions {
  /** Of this program. */
  version: string
  /** What the installer knows. */
  installed?: Facts['installed']
}

export async function gatherFacts(options: FactOptions): Promise<Facts> {
  const connector = await openConnector(options)
  const engine = engineWith(options, connector)
  const files = rootFilesOf(options.root)
  const { root, version, installed = null } = options
  const look = new Looks()
  try {
    const notWritable = existsSync(stateFolderOf(root)) ? await whyNotWritable(files) : whyNotMade(root)
    const seen = await look.at('the state of the root', () => settled(engine, root, files), null)
    const hub = seen?.hub ?? (await look.at<HubFact>('the hub', () => hubOf(root, files), { is: 'unseen' }))
    const own = seen?.own ?? (await unseen(root, connector))
    const found = await look.at('context.json and the history', (): Promise<Examined> => engine.examine(), UNEXAMINED)
    const last = found.lastChange
    const now = Date.now()
    return {
      root,
      version,
      build: BUILD,
      installed,
      now,
      hasLogs: existsSync(join(root, 'logs')),
      hub,
      hubPids: hubPidsOf(root),
      keeperPid: (await look.at('the keeper lock', () => files.lock.holder(), null))?.pid ?? null,
      own,
      isOwnSeen: seen !== null,
      redis: own.redis === 'online' ? await look.at('Redis', () => lookAtRedis(connector), null) : null,
      redisFailure: connector.failure,
      isPrivateRedis: await look.at('the settings', () => isPrivateRedis(options), false),
      password: passwordKind(connector.endpoint?.password),
      secrets: await look.at('the files with secrets', () => secretsOf(options.env, installed?.secrets ?? []), null),
      notWritable,
      disk: diskOf(root),
      openToOthers: openToOthers(root),
      closedToUs: closedToUs(root),
      leftovers: leftoversOf(root, now),
      file: found.file,
      fileLeadsTo: fileLeadsTo(root),
      setAside: await look.at('what was set aside', () => files.setAside(), []),
      stateBroken: await look.at('the saved state', () => files.inspectState(), 'it could not be looked at'),
      journal: await look.at('the journal', () => files.inspectJournal(), null),
      history: await look.at('the history', () => files.inspectHistory(), null),
      brokenLeases: await look.at('the leases', () => leaseFilesOf(root).unreadable(), []),
      inbox: inboxOf(root),
      spool: spoolOf(root),
      oldestPendingMs: found.oldestPending === null ? null : now - found.oldestPending,
      newestT: await look.at('the journal', async () => (await files.glance()).lastT, 0),
      agents: await look.at('the records', async () => agentsIn((await engine.read())?.context), null),
      lastChange: typeof last !== 'object' || last === null ? last : { t: last.t, what: describeTarget(last.target) },
      notSeen: look.failed,
    }
  } finally {
    await engine.close()
  }
}

type Examined = Omit<Examination, 'file' | 'lastChange'> & { file: Facts['file']; lastChange: Examination['lastChange'] | 'unseen' }

const UNEXAMINED: Examined = { file: { is: 'unseen' }, oldestPending: null, lastChange: 'unseen' }

/** Of a root whose files cannot be read: Redis answers, or does not, all the same. */
const unseen = async (root: string, connector: RedisConnector): Promise<Status> => ({
  root,
  redis: (await connector.connect()) !== null ? 'online' : connector.configured === 'off' ? 'off' : 'away',
  redisUrl: connector.url,
  namespace: connector.namespace,
  redisReason: connector.reason,
  redisLatencyMs: null,
  hub: { running: false, pid: null, version: null, startedAt: null },
  rev: 0,
  epoch: null,
  pending: 0,
  fileIsCurrent: false,
  agents: 0,
})

/** A look that fails is a finding, and the others go on. */
class Looks {
  readonly failed: string[] = []

  async at<T>(what: string, look: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await look()
    } catch (error) {
      this.failed.push(`${what}: ${messageOf(error)}`)
      return otherwise
    }
  }
}

/** What the hub promises to reach within a second it is given a second for; without one, nothing is on its way. */
const LAG_MS = 1_000
const LOOK_AGAIN_MS = 100

async function settled(engine: LocalEngine, root: string, files: RootFiles): Promise<{ own: Status; hub: HubFact }> {
  const until = performance.now() + LAG_MS
  const first = await engine.status()
  let own = first
  for (;;) {
    const hub = await hubOf(root, files)
    // Compared with what Redis had before: under a load of writes nobody ever has the last one.
    const isBehind = hub.is === 'running' && own.redis === 'online' && hub.status.rev < first.rev
    const isUp = !isBehind && own.fileIsCurrent
    if (isUp && hub.is === 'running') return { own: { ...own, rev: Math.min(own.rev, hub.status.rev) }, hub }
    if (hub.is !== 'running' || performance.now() > until) return { own: isBehind ? { ...own, rev: first.rev } : own, hub }
    await systemClock.pause(LOOK_AGAIN_MS)
    own = await engine.status()
  }
}

async function isPrivateRedis(options: FactOptions): Promise<boolean> {
  const config = await readConfig(options.env)
  return privateRedisOf(options.root, config.redis.managed, redisOf(options, config)) !== null
}

async function whyNotWritable(files: RootFiles): Promise<string | null> {
  try {
    await files.prepare()
    return null
  } catch (error) {
    if (error instanceof NotTaken) return error.reason
    throw error
  }
}

function agentsIn(context: TreeMap | undefined): AgentFact[] {
  const agents = context?.get('agents')
  if (typeof agents !== 'object') return []
  return [...agents].flatMap(([name, record]) => {
    if (typeof record !== 'object') return []
    return [{ name, status: stringOf(record.get('status')) ?? '', seenAt: newestOf(record.get('last_seen'), record.get('last_update')) }]
  })
}

function newestOf(...times: (Tree | undefined)[]): number | null {
  const known = times.map((time) => Date.parse(stringOf(time) ?? '')).filter((ms) => !Number.isNaN(ms))
  return known.length === 0 ? null : Math.max(...known)
}
