/** In peace, all say the same: each context.json what Redis says; without Redis, what the root's own reader says. */
import { composeDocument } from '../../src/domain/document.js'
import type { Entry } from '../../src/domain/entry.js'
import { parseTreeMap, type Tree, type TreeMap } from '../../src/domain/json.js'
import type { Target } from '../../src/domain/operation.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Host, World } from './world.js'

/** Where a file is not the document that it should be. `views`: with files only, what a reader of each root gets. */
export async function differences(world: World, views: ReadonlyMap<Host, TreeMap>): Promise<string[]> {
  const redis = world.options.redis === 'named' ? await redisDocument(world) : null
  return world.hosts.flatMap((host) => {
    const document = redis ?? views.get(host)
    if (document === undefined) return [`nobody could read the root of host ${host.i}`]
    const expected = comparable(document)
    const file = comparable(fileOf(world, host))
    return file === expected ? [] : [`not converged: host ${host.i}\n  file  ${file}\n  other ${expected}`]
  })
}

export const fileOf = (world: World, host: Host): TreeMap =>
  parseTreeMap(host.disk.get(world.contextPath(host))?.text ?? '{}')

async function redisDocument(world: World): Promise<TreeMap> {
  const store = new MemoryStore(world.server)
  const entries = new Map<Target, Entry>()
  for (const target of await store.targets()) {
    const { entry } = await store.read(target)
    if (entry !== undefined) entries.set(target, entry)
  }
  return composeDocument(entries, { rev: 0, lastUpdate: undefined, order: [] })
}

/** Canonical text: sorted, without what each side says in its own way. */
function comparable(document: TreeMap): string {
  const copy = new Map(document)
  for (const member of ['rev', 'last_update', 'paths']) copy.delete(member)
  return sorted(copy)
}

function sorted(tree: Tree): string {
  if (typeof tree === 'string') return tree
  return `{${[...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${sorted(value)}`)
    .join(',')}}`
}
