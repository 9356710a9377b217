/** What stands in context.json and in Redis, read as any other program would: the file as text, the hashes as fields. */
import { readFileSync } from 'node:fs'
import { equalTrees, formatLine, InvalidJson, leafOf, parseTree, parseTreeMap, stringOf, type Tree, type TreeMap } from '../domain/json.js'
import type { FullConnection } from '../store/redis/connection.js'

export type Fields = Record<string, string>

/** null: there is none, or it is being made. Throws InvalidJson where it is no JSON: that is never so. */
export function readContext(path: string): TreeMap | null {
  try {
    return parseTreeMap(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof InvalidJson) throw error
    return null
  }
}

/** Every agent's hash, by name. */
export async function readHashes(redis: FullConnection, namespace: string): Promise<Map<string, Fields>> {
  const prefix = `${namespace}:agents:`
  const hashes = new Map<string, Fields>()
  for (const key of await keysOf(redis, `${prefix}*`)) {
    hashes.set(key.slice(prefix.length), await redis.call((client) => client.hgetall(key)))
  }
  return hashes
}

export async function keysOf(redis: FullConnection, pattern: string): Promise<string[]> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const [next, page] = await redis.call((client) => client.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000))
    for (const key of page) found.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...found]
}

/** The context that the hashes hold, as the file would show it. */
export function contextOf(hashes: ReadonlyMap<string, Fields>): TreeMap {
  const recordOf = (fields: Fields): TreeMap => new Map(Object.entries(fields).map(([name, text]) => [name, treeOf(text) ?? leafOf(text)]))
  return new Map([['agents', new Map([...hashes].map(([name, fields]) => [name, recordOf(fields)]))]])
}

/** The first difference in words; null: file and Redis say the same. */
export function differenceOf(context: TreeMap, hashes: ReadonlyMap<string, Fields>): string | null {
  const agents = context.get('agents')
  const records: TreeMap = typeof agents === 'object' ? agents : new Map<string, Tree>()
  for (const name of hashes.keys()) if (!records.has(name)) return `${name} is in Redis and not in the file`
  for (const [name, record] of records) {
    const fields = hashes.get(name)
    if (fields === undefined) return `${name} is in the file and not in Redis`
    const different = differentField(record, fields)
    if (different !== null) return `${name}: ${different} differs between file and Redis`
  }
  return null
}

function differentField(record: Tree, fields: Fields): string | null {
  if (typeof record === 'string') return 'the record'
  for (const name of new Set([...record.keys(), ...Object.keys(fields)])) {
    const [inFile, inRedis] = [record.get(name), fields[name]]
    if (inFile === undefined || inRedis === undefined || !isSame(inFile, inRedis)) return name
  }
  return null
}

/** A hash has text only: an object is JSON there, a string is itself. */
const isSame = (inFile: Tree, inRedis: string): boolean =>
  typeof inFile === 'object' ? equalTrees(inFile, treeOf(inRedis)) : (stringOf(inFile) ?? formatLine(inFile)) === inRedis

function treeOf(text: string): Tree | undefined {
  try {
    return parseTree(text)
  } catch (error) {
    if (error instanceof InvalidJson) return undefined
    throw error
  }
}
