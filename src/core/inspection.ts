/** What a root says of itself: status, what health asks beyond it, and the comparison of file and Redis. */
import { composeDocument, composeTasks } from '../domain/document.js'
import type { Entry } from '../domain/entry.js'
import { equalTrees, parseOwn, type TreeMap } from '../domain/json.js'
import { agentOf, type Change, type Target } from '../domain/operation.js'
import { MemoryError, StoreUnavailable } from '../errors/errors.js'
import type { Store, WakingStore } from '../store/contract.js'
import { lookAtFile } from './file-in.js'
import type { Keeper } from './keeper.js'
import type { Comparison, Status } from './memory.js'
import { modeOf } from './mode.js'
import type { Ports } from './ports.js'
import { readAll, type StoreSnapshot } from './snapshot.js'
import type { KeeperAccess } from './writer.js'

export interface Examination {
  file: { is: 'absent' | 'current' | 'edited' | 'unsettled' | 'broken'; reason?: string }
  /** ms */
  oldestPending: number | null
  lastChange: Change | null
}

/** Longer than a connector rests after a failure. */
const CONNECTOR_REST_MS = 500

/** Redis answers, and what this root has was not joined with it. */
const APART = 'it has lost data, or is another one: the hub of this root, or memory_sync sync, has to join it first'

/** `isApart`: the view is not of the store's lineage. */
export async function statusOf(ports: Ports, view: Keeper, store: Store | null, isApart = false): Promise<Omit<Status, 'hub'>> {
  const { connector, root } = ports
  const reason = isApart ? APART : view.refusal
  const latency = store !== null && 'ping' in store ? await latencyOf(store as WakingStore) : null
  const file = await lookAtFile(ports, view.facts())
  const isCurrent = file.is === 'ours' && file.text.includes(`"rev": ${view.compose().get('rev') as string}`)
  return {
    root: root.path,
    redis: reason === null ? modeOf(ports, view.replica.epoch, store) : 'away',
    redisUrl: connector.url,
    namespace: connector.namespace,
    redisReason: reason ?? connector.reason,
    redisLatencyMs: latency,
    rev: view.replica.rev,
    epoch: view.replica.epoch,
    pending: view.pending(),
    fileIsCurrent: isCurrent,
    agents: [...view.replica.entries].filter(([target, entry]) => entry.live && agentOf(target) !== undefined).length,
  }
}

/** What health wants to know beyond the status. */
export async function examine(ports: Ports, view: Keeper): Promise<Examination> {
  const look = await lookAtFile(ports, view.facts())
  const pending = view.pendingOperations()
  const last = (await view.history.after(0)).findLast((change) => change.t > 0)
  return {
    file: look.is === 'broken' ? { is: 'broken', reason: look.reason } : { is: look.is === 'ours' ? 'current' : look.is },
    oldestPending: pending.reduce<number | null>((oldest, { op }) => (oldest === null ? op.t : Math.min(oldest, op.t)), null),
    lastChange: last ?? null,
  }
}

/** Reconciles now, and reads both sides back. Throws MemoryError `unavailable` when the shared store is away, or another keeper does not finish. */
export async function reconcile(ports: Ports, access: KeeperAccess): Promise<Comparison> {
  const store = (await ports.connector.connect()) ?? (await connectAfterRest(ports))
  if (store === null) throw notReconciled(ports.connector.reason, modeOf(ports, (await access.view()).replica.epoch, null) === 'off')
  await ports.root.prepare()
  const keeper = await access.alone(async (own) => {
    for (let round = 0; round < 3; round++) await own.round('all')
    return own
  }, 'queue')
  if (keeper === null) throw await keptByOther(ports)
  if (keeper.refusal !== null) throw notReconciled(keeper.refusal)
  return compare(ports, keeper, store)
}

/** What failed a moment ago is not tried again for that moment: who asks for Redis itself is not told of an attempt of before. */
async function connectAfterRest({ clock, connector }: Ports): Promise<Store | null> {
  await clock.pause(CONNECTOR_REST_MS)
  return connector.connect()
}

const NO_FACTS = { rev: 0, lastUpdate: undefined, order: [] }

async function compare(ports: Ports, keeper: Keeper, store: Store): Promise<Comparison> {
  const lineage = await store.hello()
  const entries = entriesIn(await readAll(store, lineage))
  const redis = composeDocument(entries, NO_FACTS)
  const look = await lookAtFile(ports, keeper.facts())
  const file = look.is === 'ours' ? parseOwn(look.text) : look.is === 'absent' ? composeDocument(new Map(), NO_FACTS) : null
  const items = composeTasks(entries)
  const own = composeTasks(keeper.records())
  const equal =
    file !== null && equalTrees(withoutFacts(file), withoutFacts(redis)) && equalTrees(items.tasks, own.tasks) && equalTrees(items.list, own.list)
  const agents = [...entries].filter(([target, entry]) => entry.live && agentOf(target) !== undefined).length
  return { rev: lineage.rev, agents, items: items.tasks.size, equal }
}

/** What Redis really has: what it has lost is not there, although this root knows it. */
function entriesIn({ stored }: StoreSnapshot): Map<Target, Entry> {
  const known = [...stored].filter(([, { roster, evicted }]) => roster !== null && !evicted) // without: a legacy program has just made it
  return new Map(known.flatMap(([target, { entry }]) => (entry === undefined ? [] : [[target, entry]])))
}

const notReconciled = (reason: string | null, isOff = false): MemoryError =>
  new MemoryError('unavailable', `Redis does not take part${reason === null ? '' : ` (${reason})`}: nothing was reconciled`, {
    suggestions: isOff ? ['memory_sync where says which Redis is meant, and who says so'] : ['look at memory_sync status', 'what is pending is sent when Redis answers again'],
  })

/** A hub that is slow or suspended, or a command in a long round: from here they look the same. */
async function keptByOther({ lock }: Ports): Promise<MemoryError> {
  const pid = (await lock.holder())?.pid
  const who = pid === undefined ? 'another process is the keeper of this root and' : `the hub of this root, or a command that works on it (pid ${pid}),`
  return new MemoryError('unavailable', `${who} does not finish: nothing was reconciled`, {
    suggestions: [
      'wait a moment and repeat it: a hub that is only busy reconciles by itself',
      'memory_sync hub status says whether it is the hub, and whether it answers',
      'memory_sync hub stop ends a hub that stays silent; what is pending is kept',
    ],
    details: { keeper: pid ?? null },
    retryable: true,
  })
}

async function latencyOf(store: WakingStore): Promise<number | null> {
  try {
    return await store.ping()
  } catch (error) {
    if (error instanceof StoreUnavailable) return null
    throw error
  }
}

function withoutFacts(document: TreeMap): TreeMap {
  const copy = new Map(document)
  copy.delete('rev')
  copy.delete('last_update')
  return copy
}
