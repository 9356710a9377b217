/** What a server says of itself and of our keys, for who looks after it. Each question may be forbidden (an ACL): then nobody knows. */
import { CONTEXT, describeTarget, type Target } from '../../domain/operation.js'
import { MemoryError, StoreUnavailable } from '../../errors/errors.js'
import type { Stored } from '../contract.js'
import { connectRedis, type RedisConnection, type RedisEndpoint } from './connection.js'
import type { Keys } from './keys.js'
import type { RedisStore } from './store.js'

export interface RedisInspection {
  /** Why it takes no writes; null: it took one. */
  refusesWrites: string | null
  /** Why this user cannot tell others of changes, or cannot be told; null: both were tried. */
  refusesHints: { why: string; wayOut: string } | null
  /** Somebody without any password gets in. */
  isOpen: boolean | null
  maxmemory: number | null
  evictionPolicy: string | null
  appendOnly: boolean | null
  appendFsync: string | null
  /** Keys of ours that hold another type of value than they should. */
  foreignKeys: string[]
  /** What no record can be made of: `<agent>.<field>`, or a key of another type. */
  unreadable: string[]
  /** Its clock minus ours, ms. */
  skewMs: number | null
}

/** Throws StoreUnavailable when the server falls silent meanwhile. */
export async function inspectRedis(store: RedisStore, endpoint: RedisEndpoint): Promise<RedisInspection> {
  const { connection, keys } = store
  const [memory, persistence] = [await infoOf(connection, 'memory'), await infoOf(connection, 'persistence')]
  const foreignKeys = await foreignKeysOf(connection, ownKeys(keys))
  const unreadable = await unreadableIn(store).catch((error: unknown) => {
    if (foreignKeys.length === 0) throw error // else it is explained by them
    return { ofRecords: [], blocked: [] }
  })
  const hints = await refusal(() => tryHints(store))
  return {
    refusesWrites: (await refusal(() => tryWrite(store)))?.message ?? null,
    refusesHints: hints === null ? null : { why: hints.message, wayOut: hints.suggestions.join('; ') },
    isOpen: await isOpenToAll(endpoint),
    maxmemory: numberOf(memory.get('maxmemory') ?? (await configOf(connection, 'maxmemory'))),
    evictionPolicy: memory.get('maxmemory_policy') ?? (await configOf(connection, 'maxmemory-policy')),
    appendOnly: isOn(persistence.get('aof_enabled') ?? (await configOf(connection, 'appendonly'))),
    appendFsync: await configOf(connection, 'appendfsync'),
    foreignKeys: [...new Set([...foreignKeys, ...unreadable.blocked])], // the context is among both
    unreadable: unreadable.ofRecords,
    skewMs: await skewOf(connection),
  }
}

const numberOf = (text: string | null): number | null => (text === null ? null : Number(text))
const isOn = (text: string | null): boolean | null => (text === null ? null : text === '1' || text === 'yes')

/** Only trying tells: full memory, a read-only replica, a disk that fails and an ACL refuse nothing else. null: it was done. */
async function refusal(attempt: () => Promise<unknown>): Promise<MemoryError | null> {
  try {
    await attempt()
    return null
  } catch (error) {
    if (error instanceof MemoryError) return error
    throw error
  }
}

/** The key is gone in a second. */
const tryWrite = ({ connection, keys }: RedisStore): Promise<unknown> =>
  connection.call((client) => client.call('SET', keys.probe, '1', 'PX', '1000'))

async function tryHints(store: RedisStore): Promise<void> {
  const ignore = (): void => undefined
  const stop = await store.listen({ changed: ignore, touched: ignore, lost: ignore })
  await stop()
}

/** null: it could not be tried. */
async function isOpenToAll({ username: _username, password, ...place }: RedisEndpoint): Promise<boolean | null> {
  if (password === undefined) return true // nothing was needed
  try {
    await (await connectRedis({ endpoint: place })).close()
    return true
  } catch (error) {
    return error instanceof StoreUnavailable && error.because === 'login' ? false : null
  }
}

/** The answer, or null where this user may not ask. A server that is gone is an error all the same. */
async function allowed<T>(connection: RedisConnection, command: string, ...args: string[]): Promise<T | null> {
  try {
    return (await connection.call((client) => client.call(command, ...args))) as T
  } catch (error) {
    if (connection.isOpen) return null // it answered: with a refusal
    throw error
  }
}

async function infoOf(connection: RedisConnection, section: string): Promise<Map<string, string>> {
  const text = (await allowed<string>(connection, 'INFO', section)) ?? ''
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
}

async function configOf(connection: RedisConnection, name: string): Promise<string | null> {
  const reply = await allowed<unknown>(connection, 'CONFIG', 'GET', name)
  if (!Array.isArray(reply) || typeof reply[1] !== 'string') return null // a service that hides its configuration answers nothing
  return reply[1]
}

async function skewOf(connection: RedisConnection): Promise<number | null> {
  const before = Date.now()
  const time = await allowed<string[]>(connection, 'TIME')
  if (time === null) return null
  return Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000) - (before + Date.now()) / 2
}

const typesOf = (connection: RedisConnection, keys: string[]): Promise<string[]> =>
  connection.call((client) => Promise.all(keys.map((key) => client.call('TYPE', key) as Promise<string>)))

type TypedKey = [key: string, type: string]

const ownKeys = (keys: Keys): TypedKey[] => [
  ...[keys.sync, keys.keys].map((key): TypedKey => [key, 'hash']),
  ...[keys.seen, keys.keyTimes].map((key): TypedKey => [key, 'zset']),
  [keys.rev, 'string'],
  [keys.events, 'stream'],
  ...keysOfRecord(keys, CONTEXT),
]

const keysOfRecord = (keys: Keys, target: Target): TypedKey[] => Object.values(keys.of(target)).map((key: string): TypedKey => [key, 'hash'])

/** Those of another type, with the one that they have. */
async function foreignKeysOf(connection: RedisConnection, expected: readonly TypedKey[]): Promise<string[]> {
  const types = await typesOf(connection, expected.map(([key]) => key))
  return expected.flatMap(([key, type], at) => {
    const found = types[at] ?? 'none'
    return found === type || found === 'none' ? [] : [`${key} (${found})`]
  })
}

/** What no record can be made of: fields that no member stands for, and keys under the prefix of the records that are no hashes. */
async function unreadableIn(store: RedisStore): Promise<{ ofRecords: string[]; blocked: string[] }> {
  const { connection, keys } = store
  const targets = await store.targets()
  const blocked = await foreignKeysOf(connection, targets.flatMap((target) => keysOfRecord(keys, target)))
  const found = { ofRecords: [] as string[], blocked }
  await Promise.all(
    targets.map(async (target) => {
      const { unreadable, nameless = [] }: Partial<Stored> = await store.read(target).catch((error: unknown) => {
        if (blocked.length === 0) throw error // else it is explained by them
        return {}
      })
      for (const field of [...(unreadable?.keys() ?? []), ...nameless]) found.ofRecords.push(`${describeTarget(target)}.${field}`)
    }),
  )
  const known = new Set(targets.map((target) => keys.of(target).record))
  for (const [key, type] of await keysThatAreNoHashes(store)) if (!known.has(key)) found.ofRecords.push(`${key} (${type})`)
  return found
}

async function keysThatAreNoHashes({ connection, keys }: RedisStore): Promise<[string, string][]> {
  const found: [string, string][] = []
  const pattern = keys.recordPattern
  let cursor = '0'
  do {
    const [next, page] = (await connection.call((client) => client.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000'))) as [string, string[]]
    const records = page.filter((key) => keys.targetOf(key) !== undefined)
    const types = await typesOf(connection, records)
    records.forEach((key, at) => {
      const type = types[at] ?? 'none'
      if (type !== 'hash' && type !== 'none') found.push([key, type])
    })
    cursor = next
  } while (cursor !== '0')
  return found
}
